/** The table piculus.messages: written in batches, read newest first by keyset. */
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor } from './database.ts';
import { within } from './scope.ts';

/** One row as it is written. Times are ISO 8601. */
export interface NewMessageRow {
  readonly at: string;
  readonly message_id: string;
  readonly direction: string;
  readonly type: string;
  readonly sys_code: string | null;
  readonly client_id: string | null;
  readonly state: string;
  readonly error_code: string | null;
  readonly collection_id: string | null;
  readonly lease_id: string | null;
  readonly size_bytes: number;
  readonly latency_ms: number | null;
  readonly payload: unknown;
}

export interface MessageRow {
  readonly id: string;
  readonly at: Date;
  readonly message_id: string;
  readonly direction: string;
  readonly type: string;
  readonly sys_code: string | null;
  readonly client_id: string | null;
  readonly state: string;
  readonly error_code: string | null;
  readonly collection_id: string | null;
  readonly lease_id: string | null;
  readonly size_bytes: number;
  readonly latency_ms: number | null;
  readonly payload: unknown;
}

/** @returns ids by message id; a message id that occurs twice has one of its ids. */
export async function insertMessages(
  db: Executor,
  rows: readonly NewMessageRow[],
): Promise<ReadonlyMap<string, string>> {
  const result = await sql<{ id: string; message_id: string }>`
    INSERT INTO piculus.messages (at, message_id, direction, type, sys_code, client_id, state, error_code,
      collection_id, lease_id, size_bytes, latency_ms, payload)
    SELECT at, message_id, direction, type, sys_code, client_id, state, error_code,
      collection_id, lease_id, size_bytes, latency_ms, payload
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS m(at timestamptz, message_id text,
      direction text, type text, sys_code text, client_id text, state text, error_code text,
      collection_id bigint, lease_id text, size_bytes integer, latency_ms double precision, payload jsonb)
    RETURNING id, message_id`.execute(db);
  return new Map(result.rows.map((row) => [row.message_id, row.id]));
}

export interface MessageSettlement {
  readonly id: string;
  readonly at: string;
  readonly state: string;
  readonly latency_ms: number | null;
  readonly error_code: string | null;
}

/** Sets what became of messages. The time narrows the update to one partition. */
export async function settleMessages(db: Executor, rows: readonly MessageSettlement[]): Promise<void> {
  await sql`
    UPDATE piculus.messages AS m
    SET state = s.state, latency_ms = s.latency_ms, error_code = s.error_code
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      AS s(id bigint, at timestamptz, state text, latency_ms double precision, error_code text)
    WHERE m.id = s.id AND m.at = s.at`.execute(db);
}

export interface MessageFilter {
  readonly scope: Scope;
  readonly direction?: string | undefined;
  readonly type?: readonly string[] | undefined;
  readonly sysCode?: string | undefined;
  readonly clientId?: string | undefined;
  readonly state?: readonly string[] | undefined;
  readonly collectionId?: string | undefined;
  readonly leaseId?: string | undefined;
  readonly messageId?: string | undefined;
  readonly errorCode?: readonly string[] | undefined;
  /** Inclusive. */
  readonly latencyMsFrom?: number | undefined;
  /** Inclusive. */
  readonly sizeBytesFrom?: number | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Only messages with a smaller id than this one. */
  readonly beforeId?: string | undefined;
  readonly limit: number;
}

export async function selectMessages(db: Executor, filter: MessageFilter): Promise<MessageRow[]> {
  const conditions: RawBuilder<unknown>[] = [within(sql`sys_code`, filter.scope)];
  const { beforeId, from, to } = filter;
  if (filter.direction !== undefined) conditions.push(sql`direction = ${filter.direction}`);
  if (filter.type !== undefined) conditions.push(sql`type = ANY(${filter.type})`);
  if (filter.sysCode !== undefined) conditions.push(sql`sys_code = ${filter.sysCode}`);
  if (filter.clientId !== undefined) conditions.push(sql`client_id = ${filter.clientId}`);
  if (filter.state !== undefined) conditions.push(sql`state = ANY(${filter.state})`);
  if (filter.collectionId !== undefined) conditions.push(sql`collection_id = ${filter.collectionId}::bigint`);
  if (filter.leaseId !== undefined) conditions.push(sql`lease_id = ${filter.leaseId}`);
  if (filter.messageId !== undefined) conditions.push(sql`message_id = ${filter.messageId}`);
  if (filter.errorCode !== undefined) conditions.push(sql`error_code = ANY(${filter.errorCode})`);
  if (filter.latencyMsFrom !== undefined) {
    conditions.push(sql`latency_ms >= ${filter.latencyMsFrom}::double precision`);
  }
  if (filter.sizeBytesFrom !== undefined) conditions.push(sql`size_bytes >= ${filter.sizeBytesFrom}::bigint`);
  if (from !== undefined) conditions.push(sql`at >= ${from}::timestamptz`);
  if (to !== undefined) conditions.push(sql`at < ${to}::timestamptz`);
  if (beforeId !== undefined) conditions.push(sql`id < ${beforeId}::bigint`);
  const result = await sql<MessageRow>`
    SELECT * FROM piculus.messages WHERE ${sql.join(conditions, sql` AND `)}
    ORDER BY id DESC LIMIT ${filter.limit}`.execute(db);
  return result.rows;
}

/** Messages of the leases that executed the problem and of the collection that last reported it, newest first. */
export async function selectMessagesOfProblem(
  db: Executor,
  problemId: string,
  scope: Scope,
  limit: number,
): Promise<MessageRow[]> {
  const result = await sql<MessageRow>`
    WITH problem AS (
      SELECT id, sys_code, last_command_id FROM piculus.problems
      WHERE id = ${problemId}::bigint AND ${within(sql`sys_code`, scope)}),
    its_leases AS (
      SELECT e.lease_id AS id FROM piculus.executions e JOIN problem p ON p.id = e.problem_id
      UNION
      SELECT l.id FROM piculus.leases l JOIN problem p ON l.sys_code = p.sys_code
      WHERE l.closed_at IS NULL AND p.id = ANY(l.problem_ids)
    ),
    its_collections AS (
      SELECT c.collection_id, c.sys_code FROM piculus.collect_commands c JOIN problem p ON c.id = p.last_command_id
    )
    SELECT m.* FROM piculus.messages m
    WHERE m.lease_id IN (SELECT id FROM its_leases) AND m.sys_code = (SELECT sys_code FROM problem)
    UNION ALL
    SELECT m.* FROM piculus.messages m JOIN its_collections c
      ON m.collection_id = c.collection_id AND m.sys_code = c.sys_code
    ORDER BY id DESC LIMIT ${limit}`.execute(db);
  return result.rows;
}
