import type { Translated } from '../../i18n/messages.ts';
import type { systems as zh } from '../zh-CN/systems.ts';

export const systems: Translated<typeof zh> = {
  title: '',
};
