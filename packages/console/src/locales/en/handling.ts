import type { Translated } from '../../i18n/messages.ts';
import type { handling as zh } from '../zh-CN/handling.ts';

export const handling: Translated<typeof zh> = {
  title: '',
};
