import { sql } from 'kysely';
import type { Executor } from './database.ts';

/** Twice a node's time between two signs of life. */
const FRESH_MS = 4_000;

/** Whether another node has been at work for this long without a gap, up to now. */
export async function wasNodeSteady(db: Executor, nodeId: string, forMs: number): Promise<boolean> {
  const found = await sql`
    SELECT FROM piculus.nodes
    WHERE node_id <> ${nodeId} AND state = 'working'
      AND seen_at > clock_timestamp() - ${FRESH_MS} * interval '1 millisecond'
      AND unbroken_since <= clock_timestamp() - ${forMs} * interval '1 millisecond' LIMIT 1`.execute(db);
  return found.rows.length > 0;
}
