/** Acts as the audit page lists them. */
import type { Via } from '@piculus/protocol/http';
import { sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor } from './database.ts';

export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly act?: readonly string[] | undefined;
  readonly via?: readonly Via[] | undefined;
  readonly address?: string | undefined;
  readonly sysCode?: string | undefined;
  readonly problemId?: string | undefined;
  readonly target?: string | undefined;
  readonly requestId?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface ListedAct {
  readonly id: string;
  readonly at: Date;
  readonly actor: string;
  readonly via: Via | null;
  readonly from: string | null;
  readonly requestId: string | null;
  readonly act: string;
  readonly sysCode: string | null;
  readonly problemId: string | null;
  readonly target: string | null;
  readonly reason: string | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly detail: Record<string, unknown>;
  readonly block: string | null;
}

/** Newest first, below the id `before` where one is given. Acts of no system only where the scope is all of them. */
export async function listActs(
  db: Executor,
  filter: AuditFilter,
  { scope, before, limit }: { scope: Scope; before: string | null; limit: number },
): Promise<ListedAct[]> {
  const conditions = [sql`true`];
  const equals = [
    ['actor', filter.actor],
    ['from_address', filter.address],
    ['sys_code', filter.sysCode],
    ['target', filter.target],
    ['request_id', filter.requestId],
  ] as const;
  for (const [column, value] of equals)
    if (value !== undefined) conditions.push(sql`a.${sql.ref(column)} = ${value}`);
  if (before !== null) conditions.push(sql`a.id < ${before}::bigint`);
  if (scope !== 'all') conditions.push(sql`a.sys_code = ANY(${[...scope]}::text[])`);
  if (filter.problemId !== undefined) conditions.push(sql`a.problem_id = ${filter.problemId}::bigint`);
  if (filter.act !== undefined) conditions.push(sql`a.act = ANY(${[...filter.act]}::text[])`);
  if (filter.via !== undefined) conditions.push(sql`a.via = ANY(${[...filter.via]}::text[])`);
  if (filter.from !== undefined) conditions.push(sql`a.at >= ${filter.from}::timestamptz`);
  if (filter.to !== undefined) conditions.push(sql`a.at < ${filter.to}::timestamptz`);
  const found = await sql<ListedAct>`
    SELECT a.id, a.at, a.actor, a.via, a.from_address AS "from", a.request_id AS "requestId", a.act,
      a.sys_code AS "sysCode", a.problem_id AS "problemId", a.target, a.reason, a.before, a.after, a.detail,
      (SELECT r.block::text FROM piculus.audit_block_rows r
        WHERE r.source = 'audit' AND r.up_to_id >= a.id ORDER BY r.up_to_id LIMIT 1) AS block
    FROM piculus.audit a WHERE ${sql.join(conditions, sql` AND `)} ORDER BY a.id DESC LIMIT ${limit}`.execute(
    db,
  );
  return found.rows;
}

/** The last act of this name. */
export async function lastAct(db: Executor, act: string): Promise<ListedAct | null> {
  const [found] = await listActs(db, { act: [act] }, { scope: 'all', before: null, limit: 1 });
  return found ?? null;
}
