/** The menu, as the product's first document names it. */
import type zh from '../locales/zh-CN/index.ts';

type ShellKey = keyof typeof zh.shell;
export interface MenuEntry {
  readonly to: string;
  readonly name: ShellKey;
}
export interface MenuGroup {
  /** Null: entries without a heading. */
  readonly name: ShellKey | null;
  readonly entries: readonly MenuEntry[];
}

export const MENU: readonly MenuGroup[] = [
  { name: null, entries: [{ to: '/', name: 'home' }] },
  {
    name: 'control',
    entries: [
      { to: '/collect', name: 'collect' },
      { to: '/handling', name: 'handling' },
      { to: '/limits', name: 'limits' },
    ],
  },
  {
    name: 'queries',
    entries: [
      { to: '/problems', name: 'problems' },
      { to: '/collections', name: 'collections' },
      { to: '/executions', name: 'executions' },
    ],
  },
  {
    name: 'monitor',
    entries: [
      { to: '/messages', name: 'messages' },
      { to: '/clients', name: 'clients' },
    ],
  },
  { name: 'configuration', entries: [{ to: '/solutions', name: 'solutions' }] },
  {
    name: 'system',
    entries: [
      { to: '/users', name: 'users' },
      { to: '/systems', name: 'systems' },
      { to: '/audit', name: 'audit' },
    ],
  },
];
