import type { Translated } from '../../i18n/messages.ts';
import type { problem as zh } from '../zh-CN/problem.ts';

export const problem: Translated<typeof zh> = {
  title: '',
};
