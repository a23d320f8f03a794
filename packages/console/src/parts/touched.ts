/** What this person has opened or acted on since the tab was opened, so that a long list keeps its place. */
import { useSyncExternalStore } from 'react';

export type Touch = 'opened' | 'acted';
export type Touched = ReadonlyMap<string, Touch>;

const KEPT_UNDER = 'piculus-touched';
const MOST = 2_000;
const listeners = new Set<() => void>();
let touched: Touched | null = null;

/** An act counts for more than a look. */
export function withTouch(before: Touched, ids: readonly string[], touch: Touch): Touched {
  const next = new Map(before);
  for (const id of ids) {
    const strongest = next.get(id) === 'acted' ? 'acted' : touch;
    next.delete(id);
    next.set(id, strongest);
  }
  // The oldest are forgotten first; a map keeps the order in which keys were added.
  return new Map([...next].slice(-MOST));
}

export function touch(ids: readonly string[], how: Touch): void {
  const before = current();
  if (ids.every((id) => before.get(id) === how || before.get(id) === 'acted')) return;
  touched = withTouch(before, ids, how);
  try {
    sessionStorage.setItem(KEPT_UNDER, JSON.stringify([...touched]));
  } catch {
    // Storage is off: the marks last as long as the page.
  }
  for (const listener of listeners) listener();
}

export function useTouched(): Touched {
  return useSyncExternalStore(subscribe, current);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function current(): Touched {
  touched ??= readKept();
  return touched;
}

function readKept(): Touched {
  try {
    return touchedIn(JSON.parse(sessionStorage.getItem(KEPT_UNDER) ?? '[]'));
  } catch {
    return new Map();
  }
}

/** @returns what is well formed in it. */
export function touchedIn(kept: unknown): Touched {
  if (!Array.isArray(kept)) return new Map();
  return new Map(
    kept.flatMap((pair: unknown): [string, Touch][] => {
      if (!Array.isArray(pair)) return [];
      const [id, how]: unknown[] = pair;
      return typeof id === 'string' && (how === 'opened' || how === 'acted') ? [[id, how]] : [];
    }),
  );
}
