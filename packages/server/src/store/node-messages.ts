/** The table of what nodes tell each other. Rows live for a minute; whoever reads later has missed something. */
import { sql } from 'kysely';
import type { Executor } from './database.ts';

export interface MailRow {
  readonly id: string;
  readonly from_node: string;
  readonly to_node: string | null;
  readonly kind: string;
  readonly body: Buffer;
  /** How long ago it was sent, by the database's clock. */
  readonly age_ms: number;
}

export async function insertMail(
  db: Executor,
  mail: { readonly from: string; readonly to: string | null; readonly kind: string; readonly body: Buffer },
): Promise<void> {
  await sql`
    INSERT INTO piculus.node_messages (from_node, to_node, kind, body)
    VALUES (${mail.from}, ${mail.to}, ${mail.kind}, ${mail.body})`.execute(db);
}

/** Where somebody who begins to read now begins. */
export async function readMailHead(db: Executor): Promise<string> {
  const result = await sql<{ head: string }>`
    SELECT coalesce(max(id), 0) AS head FROM piculus.node_messages`.execute(db);
  return result.rows[0]?.head ?? '0';
}

/**
 * What others sent to this node or to all, in order of their ids, without what it has `seen`.
 * @param asked.nodeIds the node's name, and those that it had before.
 */
export async function readMail(
  db: Executor,
  asked: {
    readonly nodeIds: readonly string[];
    readonly after: string;
    readonly seen: readonly string[];
    readonly limit: number;
  },
): Promise<MailRow[]> {
  const result = await sql<MailRow>`
    SELECT id, from_node, to_node, kind, body,
      greatest(0, extract(epoch FROM clock_timestamp() - at) * 1000)::float8 AS age_ms
    FROM piculus.node_messages
    WHERE id > ${asked.after} AND NOT from_node = ANY(${[...asked.nodeIds]}::text[])
      AND (to_node IS NULL OR to_node = ANY(${[...asked.nodeIds]}::text[]))
      AND NOT id = ANY(${[...asked.seen]}::bigint[])
    ORDER BY id LIMIT ${asked.limit}`.execute(db);
  return result.rows;
}

/**
 * The highest id that was taken at least `ms` ago: ids are given before the commit, so of younger ones a lower one may
 * still come. `0` where there is none.
 */
export async function readSettledMail(db: Executor, ms: number): Promise<string> {
  const result = await sql<{ settled: string }>`
    SELECT coalesce(max(id), 0) AS settled FROM piculus.node_messages
    WHERE at < clock_timestamp() - ${ms} * interval '1 millisecond'`.execute(db);
  return result.rows[0]?.settled ?? '0';
}

/** Deletes at most `limit` rows of more than this age. @returns how many. */
export async function deleteOldMail(db: Executor, ageMs: number, limit: number): Promise<number> {
  const result = await sql`
    DELETE FROM piculus.node_messages WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM piculus.node_messages
      WHERE at < clock_timestamp() - ${ageMs} * interval '1 millisecond' LIMIT ${limit}))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}
