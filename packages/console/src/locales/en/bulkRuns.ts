import type { Translated } from '../../i18n/messages.ts';
import type { bulkRuns as zh } from '../zh-CN/bulkRuns.ts';

export const bulkRuns: Translated<typeof zh> = {
  title: '',
};
