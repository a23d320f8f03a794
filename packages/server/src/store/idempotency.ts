/** The table piculus.idempotency_keys: what was answered to a request that may be repeated. */
import { sql } from 'kysely';
import type { Executor } from './database.ts';

export interface KeyOfActor {
  readonly actor: string;
  readonly key: string;
}

export interface RecordedRequest {
  readonly requestHash: Buffer;
  /** Null while the request is still running. */
  readonly status: number | null;
  readonly body: unknown;
}

/**
 * Takes the key for this request. The taking does not wait for the disk: whatever the request commits later is written
 * behind it and waits, so a crash never keeps an act and loses its key; one that loses both lost nothing. A key whose request never ended, because its server died, may be taken over
 * by a repeat of the same request once it is older than `abandonedBefore`, or once its node is gone since `goneBefore`.
 * @returns null where the caller may run the request; otherwise what is recorded under the key.
 */
export async function takeKey(
  db: Executor,
  request: KeyOfActor & {
    readonly requestHash: Buffer;
    readonly nodeId: string;
    readonly at: Date;
    readonly abandonedBefore: Date;
    readonly goneBefore: Date;
  },
): Promise<RecordedRequest | null> {
  const { actor, key, requestHash, nodeId, at, abandonedBefore, goneBefore } = request;
  const taken = await sql`
    WITH without_waiting AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO piculus.idempotency_keys AS k (actor, key, request_hash, node_id, created_at)
    SELECT ${actor}, ${key}, ${requestHash}::bytea, ${nodeId}, ${at}::timestamptz FROM without_waiting
    ON CONFLICT (actor, key) DO UPDATE SET created_at = excluded.created_at, node_id = excluded.node_id
    WHERE k.status IS NULL AND k.request_hash = excluded.request_hash AND (
      k.created_at < ${abandonedBefore}
      OR EXISTS (SELECT FROM piculus.nodes n WHERE n.node_id = k.node_id AND n.gone_at < ${goneBefore}))
    RETURNING actor`.execute(db);
  if (taken.rows.length > 0) return null;
  const found = await sql<{ request_hash: Buffer; status: number | null; body: unknown }>`
    SELECT request_hash, status, body FROM piculus.idempotency_keys
    WHERE actor = ${actor} AND key = ${key}`.execute(db);
  const [row] = found.rows;
  // Released between the two statements: as if it had never been taken.
  if (row === undefined) return takeKey(db, request);
  return { requestHash: row.request_hash, status: row.status, body: row.body };
}

/** Which taking of a key is meant: another node may have taken it over since, and what it says counts then. */
export interface TakenKey extends KeyOfActor {
  readonly nodeId: string;
  /** When it was taken. */
  readonly at: Date;
}

const isHeld = ({ actor, key, nodeId, at }: TakenKey) =>
  sql`actor = ${actor} AND key = ${key} AND node_id = ${nodeId} AND created_at = ${at} AND status IS NULL`;

/** Changes nothing where the key was taken over. */
export async function recordAnswer(
  db: Executor,
  taken: TakenKey,
  answer: { readonly status: number; readonly body: unknown },
): Promise<void> {
  await sql`
    UPDATE piculus.idempotency_keys SET status = ${answer.status}, body = ${JSON.stringify(answer.body)}::text::jsonb
    WHERE ${isHeld(taken)}`.execute(db);
}

/** Forgets a request that came to nothing, so that its repeat runs; nothing where the key was taken over. */
export async function releaseKey(db: Executor, taken: TakenKey): Promise<void> {
  await sql`DELETE FROM piculus.idempotency_keys WHERE ${isHeld(taken)}`.execute(db);
}
