/** The table of duties: what one node does for all. */
import { sql } from 'kysely';
import type { Executor } from './database.ts';

/** Takes or renews each duty that is this node's, free or expired. @returns the names of those that it has now. */
export async function takeDuties(
  db: Executor,
  taker: { readonly nodeId: string; readonly names: readonly string[]; readonly ms: number },
): Promise<string[]> {
  const until = sql`clock_timestamp() + ${taker.ms} * interval '1 millisecond'`;
  const result = await sql<{ name: string }>`
    INSERT INTO piculus.duties AS d (name, node_id, expires_at)
    SELECT name, ${taker.nodeId}, ${until} FROM unnest(${[...taker.names].sort()}::text[]) AS given(name)
    ON CONFLICT (name) DO UPDATE SET node_id = excluded.node_id, expires_at = excluded.expires_at,
      epoch = d.epoch + (d.node_id <> excluded.node_id)::integer
    WHERE d.node_id = excluded.node_id OR d.expires_at < clock_timestamp()
    RETURNING name`.execute(db);
  return result.rows.map(({ name }) => name);
}

/** Gives them up at once, for another node to take. */
export async function freeDuties(db: Executor, nodeId: string): Promise<void> {
  await sql`
    UPDATE piculus.duties SET expires_at = clock_timestamp()
    WHERE node_id = ${nodeId} AND expires_at > clock_timestamp()`.execute(db);
}
