import type { Translated } from '../../i18n/messages.ts';
import type { home as zh } from '../zh-CN/home.ts';

export const home: Translated<typeof zh> = {
  title: '',
};
