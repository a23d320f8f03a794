import type { Translated } from '../../i18n/messages.ts';
import type { messages as zh } from '../zh-CN/messages.ts';

export const messages: Translated<typeof zh> = {
  title: '',
};
