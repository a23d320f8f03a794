/** One row per batch that a client works on; an open lease is what makes its unanswered problems `executing`. */
import { PiculusError, type Trigger } from '@piculus/protocol';
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import { writeTextList } from './arrays.ts';
import type { Executor, Tx } from './database.ts';
import { type ConnectionNumber, fenced, lifted, notNewer } from './fencing.ts';
import { within } from './scope.ts';

export interface LeaseRow {
  readonly id: string;
  readonly sysCode: string;
  readonly fixCode: string;
  readonly solutionId: string;
  readonly solutionVersion: number;
  readonly maxRetries: number;
  readonly clientId: string;
  readonly trigger: Trigger;
  readonly epoch: number;
  /** Of the client's connections the one that claimed or renewed it last. */
  readonly connection: ConnectionNumber;
  readonly problemIds: string[];
  readonly businessKeys: string[];
  /** One for each problem, in the same order; null where it was made before commands were bound to evidence. */
  readonly evidenceHashes: string[] | null;
  readonly answeredIds: string[];
  readonly leasedAt: Date;
  readonly expiresAt: Date;
  readonly closedAt: Date | null;
}

const COLUMNS = sql`
  l.id, l.sys_code AS "sysCode", l.fix_code AS "fixCode", l.solution_id AS "solutionId",
  l.solution_version AS "solutionVersion", l.max_retries AS "maxRetries", l.client_id AS "clientId", l.trigger,
  l.epoch, l.connection, l.problem_ids AS "problemIds", l.business_keys AS "businessKeys", l.evidence_hashes AS "evidenceHashes", l.answered_ids AS "answeredIds",
  l.leased_at AS "leasedAt", l.expires_at AS "expiresAt", l.closed_at AS "closedAt"`;

/** Problems and business keys under open leases, unanswered; for `FROM` and sub-selects. */
export function leasedItems(sysCode: RawBuilder<unknown> | null): RawBuilder<unknown> {
  const ofSystem = sysCode === null ? sql`` : sql`AND l.sys_code = ${sysCode}`;
  return sql`(
    SELECT item.id, item.business_key, l.sys_code
    FROM piculus.leases l CROSS JOIN LATERAL unnest(l.problem_ids, l.business_keys) AS item(id, business_key)
    WHERE l.closed_at IS NULL ${ofSystem} AND item.id <> ALL (l.answered_ids))`;
}

/** Of these problems, those that a client works on; all of the system's where no ids are given. */
export async function executingIds(db: Executor, sysCode: string): Promise<ReadonlySet<string>> {
  const found = await sql<{ id: string }>`
    SELECT leased.id FROM ${leasedItems(sql`${sysCode}`)} AS leased`.execute(db);
  return new Set(found.rows.map(({ id }) => id));
}

/** @throws Replaced where the client has a newer connection than the one that claims. */
export async function insertLease(
  tx: Tx,
  lease: Omit<LeaseRow, 'answeredIds' | 'closedAt'> & { nodeId: string },
): Promise<void> {
  const inserted = sql`
    INSERT INTO piculus.leases (id, sys_code, fix_code, solution_id, solution_version, max_retries, client_id, node_id,
      trigger, epoch, connection, problem_ids, business_keys, evidence_hashes, leased_at, expires_at)
    VALUES (${lease.id}, ${lease.sysCode}, ${lease.fixCode}, ${lease.solutionId}, ${lease.solutionVersion},
      ${lease.maxRetries}, ${lease.clientId}, ${lease.nodeId}, ${lease.trigger}, ${lease.epoch}, ${lease.connection}::bigint,
      ${writeTextList(lease.problemIds)}::bigint[], ${writeTextList(lease.businessKeys)}::text[],
      ${lease.evidenceHashes && writeTextList(lease.evidenceHashes)}::text[], ${lease.leasedAt}, ${lease.expiresAt})
  `.execute(tx);
  await fenced(inserted);
}

export async function systemOfLease(db: Executor, id: string): Promise<string | null> {
  const found = await sql<{
    code: string;
  }>`SELECT sys_code AS code FROM piculus.leases WHERE id = ${id}`.execute(db);
  return found.rows[0]?.code ?? null;
}

/** Locks it against answers that arrive at the same time. */
export async function lockLease(tx: Tx, id: string): Promise<LeaseRow | null> {
  const found =
    await sql<LeaseRow>`SELECT ${COLUMNS} FROM piculus.leases l WHERE l.id = ${id} FOR UPDATE`.execute(tx);
  return found.rows[0] ?? null;
}

/** Locks it if it is still open and expired; null where it was answered, renewed or is being answered now. */
export async function lockExpiredLease(tx: Tx, id: string, now: Date): Promise<LeaseRow | null> {
  const found = await sql<LeaseRow>`
    SELECT ${COLUMNS} FROM piculus.leases l
    WHERE l.id = ${id} AND l.closed_at IS NULL AND l.expires_at <= ${now} FOR UPDATE SKIP LOCKED`.execute(tx);
  return found.rows[0] ?? null;
}

export async function expiredLeaseIds(db: Executor, now: Date, limit: number): Promise<string[]> {
  const found = await sql<{ id: string }>`
    SELECT id FROM piculus.leases WHERE closed_at IS NULL AND expires_at <= ${now}
    ORDER BY expires_at LIMIT ${limit}`.execute(db);
  return found.rows.map(({ id }) => id);
}

/** Which lease is meant: the one that the caller has read, and not what became of it since. */
export interface LeaseHeld {
  readonly id: string;
  readonly epoch: number;
  /** Who answers; null where it is nobody's connection, for instance the rescuer. */
  readonly connection: ConnectionNumber;
}

const stillHeld = ({ id, epoch, connection }: LeaseHeld): RawBuilder<unknown> =>
  sql`l.id = ${id} AND l.closed_at IS NULL AND l.epoch = ${epoch} AND ${notNewer(sql`l.connection`, connection)}`;

/**
 * Adds answers; `closedAt` closes it, `raised` raises its epoch, because the answers were not the client's.
 * @throws PiculusError `stale-lease` where it is no longer the one that was read.
 */
export async function answerLease(
  tx: Tx,
  held: LeaseHeld,
  answer: { answeredIds: readonly string[]; closedAt: Date | null; raised?: boolean },
): Promise<void> {
  const epoch = held.epoch + (answer.raised === true ? 1 : 0);
  const updated = sql`
    UPDATE piculus.leases l SET answered_ids = answered_ids || ${writeTextList(answer.answeredIds)}::bigint[],
      epoch = ${epoch}, closed_at = ${answer.closedAt}, connection = ${lifted(sql`l.connection`, held.connection)}
    WHERE ${stillHeld(held)}`.execute(tx);
  requireOne((await fenced(updated)).numAffectedRows);
}

/** @throws PiculusError `stale-lease` where it is no longer the one that was read, or has answers. */
export async function deleteLease(tx: Tx, held: LeaseHeld): Promise<void> {
  const deleted = await sql`
    DELETE FROM piculus.leases l WHERE ${stillHeld(held)} AND l.answered_ids = '{}'`.execute(tx);
  requireOne(deleted.numAffectedRows);
}

function requireOne(rows: bigint | undefined): void {
  if (rows !== 1n) throw new PiculusError('stale-lease');
}

/** @returns the ids that are still open and this client's; none where it has a newer connection. */
export async function renewLeases(
  db: Executor,
  { clientId, connection }: { readonly clientId: string; readonly connection: ConnectionNumber },
  ids: readonly string[],
  expiresAt: Date,
): Promise<string[]> {
  const renewed = sql<{ id: string }>`
    UPDATE piculus.leases l SET expires_at = ${expiresAt}, connection = ${lifted(sql`l.connection`, connection)}
    WHERE l.id = ANY(${[...ids]}::text[]) AND l.client_id = ${clientId} AND l.closed_at IS NULL
      AND ${notNewer(sql`l.connection`, connection)}
      AND NOT EXISTS (
        SELECT FROM piculus.clients c WHERE c.client_id = ${clientId} AND c.connection > ${connection}::bigint)
    RETURNING l.id`.execute(db);
  return (await fenced(renewed)).rows.map(({ id }) => id);
}

export async function openLeases(db: Executor, scope: Scope, limit: number): Promise<LeaseRow[]> {
  const found = await sql<LeaseRow>`
    SELECT ${COLUMNS} FROM piculus.leases l WHERE l.closed_at IS NULL AND ${within(sql`l.sys_code`, scope)}
    ORDER BY l.leased_at, l.id LIMIT ${limit}`.execute(db);
  return found.rows;
}
