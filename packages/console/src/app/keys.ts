/** What a key stroke asks for, given the ones before it. Pure. */
import type zh from '../locales/zh-CN/index.ts';

interface KeyedPage {
  readonly key: string;
  readonly to: string;
  readonly name: keyof typeof zh.shell;
}

/** After `g`. */
export const PAGES = [
  { key: 'h', to: '/', name: 'home' },
  { key: 'c', to: '/collect', name: 'collect' },
  { key: 'w', to: '/handling', name: 'handling' },
  { key: 'p', to: '/problems', name: 'problems' },
  { key: 'e', to: '/executions', name: 'executions' },
  { key: 'm', to: '/messages', name: 'messages' },
  { key: 's', to: '/solutions', name: 'solutions' },
] as const satisfies readonly KeyedPage[];

/** How long `g` waits for its second key, in milliseconds. */
const PATIENCE_MS = 1_500;

export interface KeyState {
  /** When `g` was pressed, in the clock of the events; null: it was not, or something else came since. */
  readonly leader: number | null;
}
export type Wish =
  | { readonly kind: 'help' }
  | { readonly kind: 'search' }
  | { readonly kind: 'page'; readonly to: string };

export function act(state: KeyState, key: string, at: number): { next: KeyState; wish: Wish | null } {
  const none: KeyState = { leader: null };
  if (state.leader !== null && at - state.leader <= PATIENCE_MS) {
    const page = PAGES.find((each) => each.key === key);
    return { next: none, wish: page === undefined ? null : { kind: 'page', to: page.to } };
  }
  if (key === 'g') return { next: { leader: at }, wish: null };
  if (key === '?') return { next: none, wish: { kind: 'help' } };
  if (key === '/') return { next: none, wish: { kind: 'search' } };
  return { next: none, wish: null };
}
