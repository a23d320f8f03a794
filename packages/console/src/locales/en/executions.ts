import type { Translated } from '../../i18n/messages.ts';
import type { executions as zh } from '../zh-CN/executions.ts';

export const executions: Translated<typeof zh> = {
  title: '',
};
