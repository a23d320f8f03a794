/** This node among others: the ones beside it, what it tells them, and how it leaves. */
import type { Context, Loop } from '../base/services.ts';

export interface Nodes {
  /** What works in the background once the database is there. */
  readonly loops: readonly Loop[];
}

export function createNodes(_context: Context): Nodes {
  return { loops: [] };
}
