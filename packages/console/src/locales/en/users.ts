import type { Translated } from '../../i18n/messages.ts';
import type { users as zh } from '../zh-CN/users.ts';

export const users: Translated<typeof zh> = {
  title: '',
};
