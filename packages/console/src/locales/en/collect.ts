import type { Translated } from '../../i18n/messages.ts';
import type { collect as zh } from '../zh-CN/collect.ts';

export const collect: Translated<typeof zh> = {
  title: '',
};
