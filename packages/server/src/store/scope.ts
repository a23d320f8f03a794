/** Limits a query to the systems of a caller, so that no list, count or sum ever looks at a row of another. */
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../base/access.ts';

/** True where the column names a system of the scope; a row without a system is in the scope of all systems alone. */
export function within(column: RawBuilder<unknown>, scope: Scope): RawBuilder<unknown> {
  return scope === 'all' ? sql`true` : sql`${column} = ANY(${[...scope]}::text[])`;
}
