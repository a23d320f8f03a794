import type { Translated } from '../../i18n/messages.ts';
import type { collections as zh } from '../zh-CN/collections.ts';

export const collections: Translated<typeof zh> = {
  title: '',
};
