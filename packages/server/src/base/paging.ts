/** Keyset pages, newest first: the cursor is the last id of a page, and opaque to who gets it. */
import { PiculusError } from '@piculus/protocol';
import type { Page } from './services.ts';

/** @throws PiculusError `invalid-field` where it is no cursor of ours. */
export function afterId(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  if (/^[1-9][0-9]{0,18}$/.test(id) && BigInt(id) <= 9_223_372_036_854_775_807n) return id;
  const reason = { en: 'not a cursor that a page before gave', zh: '不是上一页给出的游标' };
  throw new PiculusError('invalid-field', undefined, [{ field: 'after', reason }]);
}

/** @param rows one more than the limit where there are more; then `next` leads on. */
export function pageOf<T extends { readonly id: string }>(rows: readonly T[], limit: number): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next =
    rows.length > limit && last !== undefined ? Buffer.from(last.id, 'latin1').toString('base64url') : null;
  return { items, next };
}
