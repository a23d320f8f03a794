import type { Translated } from '../../i18n/messages.ts';
import type { solutions as zh } from '../zh-CN/solutions.ts';

export const solutions: Translated<typeof zh> = {
  title: '',
};
