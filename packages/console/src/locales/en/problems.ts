import type { Translated } from '../../i18n/messages.ts';
import type { problems as zh } from '../zh-CN/problems.ts';

export const problems: Translated<typeof zh> = {
  title: '',
};
