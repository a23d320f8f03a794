import type { Translated } from '../../i18n/messages.ts';
import type { clients as zh } from '../zh-CN/clients.ts';

export const clients: Translated<typeof zh> = {
  title: '',
};
