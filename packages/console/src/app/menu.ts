/** The menu, as the product's first document names it. */
import type { Verb } from '@piculus/protocol';
import type { May } from './may.ts';
import type zh from '../locales/zh-CN/index.ts';

type ShellKey = keyof typeof zh.shell;
export interface MenuEntry {
  readonly to: string;
  readonly name: ShellKey;
  /** Shown to whom that may be done by, in one system at least or in all; absent: to who may view anything. */
  readonly needs?: { readonly verb: Verb; readonly where: 'anywhere' | 'everywhere' };
}
export interface MenuGroup {
  /** Null: entries without a heading. */
  readonly name: ShellKey | null;
  readonly entries: readonly MenuEntry[];
}

const ADMINISTER = { verb: 'administer', where: 'anywhere' } as const;
const ADMINISTER_ALL = { verb: 'administer', where: 'everywhere' } as const;

export const MENU: readonly MenuGroup[] = [
  { name: null, entries: [{ to: '/', name: 'home' }] },
  {
    name: 'control',
    entries: [
      { to: '/collect', name: 'collect', needs: { verb: 'collect', where: 'anywhere' } },
      { to: '/handling', name: 'handling' },
      { to: '/approvals', name: 'approvals' },
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
  {
    name: 'configuration',
    entries: [
      { to: '/solutions', name: 'solutions' },
      { to: '/approval-policy', name: 'approvalPolicy' },
    ],
  },
  {
    name: 'system',
    entries: [
      { to: '/users', name: 'users', needs: ADMINISTER_ALL },
      { to: '/roles', name: 'roles', needs: ADMINISTER_ALL },
      { to: '/systems', name: 'systems', needs: ADMINISTER },
      { to: '/audit', name: 'audit', needs: ADMINISTER },
    ],
  },
];

/** Whether the entry is for who may do these things. */
export function isFor({ needs }: MenuEntry, { may, mayAnywhere }: May): boolean {
  const { verb, where } = needs ?? { verb: 'view', where: 'anywhere' };
  return where === 'everywhere' ? may(verb) : mayAnywhere(verb);
}

/** @returns the entry that the page of this address belongs to; undefined where none does. */
export function entryOf(pathname: string): MenuEntry | undefined {
  return MENU.flatMap(({ entries }) => entries).find(
    ({ to }) => pathname === to || (to !== '/' && pathname.startsWith(`${to}/`)),
  );
}
