/** One row per batch that a client works on; an open lease is what makes its unanswered problems `executing`. */
import type { Trigger } from '@piculus/protocol';
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor, Tx } from './database.ts';
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
  l.epoch, l.problem_ids AS "problemIds", l.business_keys AS "businessKeys", l.evidence_hashes AS "evidenceHashes", l.answered_ids AS "answeredIds",
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

export async function insertLease(
  tx: Tx,
  lease: Omit<LeaseRow, 'answeredIds' | 'closedAt'> & { nodeId: string },
): Promise<void> {
  await sql`
    INSERT INTO piculus.leases (id, sys_code, fix_code, solution_id, solution_version, max_retries, client_id, node_id,
      trigger, epoch, problem_ids, business_keys, evidence_hashes, leased_at, expires_at)
    VALUES (${lease.id}, ${lease.sysCode}, ${lease.fixCode}, ${lease.solutionId}, ${lease.solutionVersion},
      ${lease.maxRetries}, ${lease.clientId}, ${lease.nodeId}, ${lease.trigger}, ${lease.epoch},
      ${lease.problemIds}::bigint[], ${lease.businessKeys}::text[], ${lease.evidenceHashes}::text[], ${lease.leasedAt}, ${lease.expiresAt})
  `.execute(tx);
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

/** Adds answers; `closedAt` closes it, `epoch` is raised where the answers were not the client's. */
export async function answerLease(
  tx: Tx,
  answer: { id: string; answeredIds: readonly string[]; epoch: number; closedAt: Date | null },
): Promise<void> {
  await sql`
    UPDATE piculus.leases SET answered_ids = answered_ids || ${[...answer.answeredIds]}::bigint[],
      epoch = ${answer.epoch}, closed_at = ${answer.closedAt}
    WHERE id = ${answer.id}`.execute(tx);
}

export async function deleteLease(tx: Tx, id: string): Promise<void> {
  await sql`DELETE FROM piculus.leases WHERE id = ${id}`.execute(tx);
}

/** @returns the ids that are still open and this client's. */
export async function renewLeases(
  db: Executor,
  clientId: string,
  ids: readonly string[],
  expiresAt: Date,
): Promise<string[]> {
  const renewed = await sql<{ id: string }>`
    UPDATE piculus.leases SET expires_at = ${expiresAt}
    WHERE id = ANY(${[...ids]}::text[]) AND client_id = ${clientId} AND closed_at IS NULL
    RETURNING id`.execute(db);
  return renewed.rows.map(({ id }) => id);
}

export async function openLeases(db: Executor, scope: Scope, limit: number): Promise<LeaseRow[]> {
  const found = await sql<LeaseRow>`
    SELECT ${COLUMNS} FROM piculus.leases l WHERE l.closed_at IS NULL AND ${within(sql`l.sys_code`, scope)}
    ORDER BY l.leased_at, l.id LIMIT ${limit}`.execute(db);
  return found.rows;
}
