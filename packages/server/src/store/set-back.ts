/** What was stored before the database's clock was set back: it would count as fresh until the clock is there again. */
import { sql } from 'kysely';
import type { Executor } from './database.ts';

/**
 * Lets everything that runs out lie at most `longestMs` ahead, and every sign of life be of now. Whoever lives renews it
 * in time; the silence of everybody else is found as late as ever.
 * @param longestMs no lease and no duty lasts longer.
 * @returns how many rows lay too far ahead.
 */
export async function boundAfterSetBack(db: Executor, longestMs: number): Promise<number> {
  const limit = sql`clock_timestamp() + ${longestMs} * interval '1 millisecond'`;
  const bounded = [
    sql`UPDATE piculus.leases SET expires_at = ${limit} WHERE closed_at IS NULL AND expires_at > ${limit}`,
    sql`UPDATE piculus.collect_commands SET lease_expires_at = ${limit}
      WHERE finished_at IS NULL AND lease_expires_at > ${limit}`,
    sql`UPDATE piculus.duties SET expires_at = ${limit} WHERE expires_at > ${limit}`,
    sql`UPDATE piculus.nodes SET seen_at = least(seen_at, clock_timestamp()),
        unbroken_since = least(unbroken_since, clock_timestamp())
      WHERE state <> 'gone' AND (seen_at > clock_timestamp() OR unbroken_since > clock_timestamp())`,
  ];
  let rows = 0;
  for (const each of bounded) rows += Number((await each.execute(db)).numAffectedRows ?? 0n);
  return rows;
}
