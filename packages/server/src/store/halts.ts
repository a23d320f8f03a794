/** What stands still: a person's stop, breakers that tripped, limits that were reached. */
import type { Trigger } from '@piculus/protocol';
import type { HaltCause, HaltKind } from '@piculus/protocol/http';
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor, Tx } from './database.ts';
import { storableText } from './json.ts';
import { within } from './scope.ts';

export type Figures = Readonly<Record<string, string | number>>;

/** A system, one solution of it, or, with both null, everything. */
export interface Place {
  readonly sysCode: string | null;
  readonly fixCode: string | null;
}

export interface HaltRow extends Place {
  readonly id: string;
  readonly kind: HaltKind;
  readonly includeManual: boolean;
  readonly cause: HaltCause;
  readonly figures: Figures;
  readonly reason: string;
  readonly since: Date;
  readonly by: string;
  readonly endedAt: Date | null;
  readonly endedBy: string | null;
  readonly endedReason: string | null;
}

const COLUMNS = sql`
  h.id, h.kind, h.sys_code AS "sysCode", h.fix_code AS "fixCode", h.include_manual AS "includeManual", h.cause,
  h.figures, h.reason, h.since, h.started_by AS "by", h.ended_at AS "endedAt", h.ended_by AS "endedBy",
  h.ended_reason AS "endedReason"`;

/** What halts everything concerns everybody. */
function seenBy(scope: Scope): RawBuilder<unknown> {
  return sql`(h.sys_code IS NULL OR ${within(sql`h.sys_code`, scope)})`;
}

export type NewHalt = Omit<HaltRow, 'id' | 'endedAt' | 'endedBy' | 'endedReason'>;

/** @returns null where one of this kind is open there already. */
export async function insertHalt(tx: Tx, halt: NewHalt): Promise<HaltRow | null> {
  const made = await sql<HaltRow>`
    INSERT INTO piculus.halts AS h (kind, sys_code, fix_code, include_manual, cause, figures, reason, since, started_by)
    VALUES (${halt.kind}, ${halt.sysCode}, ${halt.fixCode}, ${halt.includeManual}, ${halt.cause},
      ${JSON.stringify(halt.figures)}::text::jsonb, ${storableText(halt.reason)}, ${halt.since}, ${halt.by})
    ON CONFLICT (kind, coalesce(sys_code, ''), coalesce(fix_code, '')) WHERE ended_at IS NULL DO NOTHING
    RETURNING ${COLUMNS}`.execute(tx);
  return made.rows[0] ?? null;
}

/** @returns the ended row, or null where it was ended already. */
export async function endHalt(
  tx: Tx,
  id: string,
  end: { readonly at: Date; readonly by: string; readonly reason: string },
): Promise<HaltRow | null> {
  const ended = await sql<HaltRow>`
    UPDATE piculus.halts h SET ended_at = ${end.at}, ended_by = ${end.by}, ended_reason = ${storableText(end.reason)}
    WHERE h.id = ${id}::bigint AND h.ended_at IS NULL RETURNING ${COLUMNS}`.execute(tx);
  return ended.rows[0] ?? null;
}

export async function readHalt(db: Executor, id: string, scope: Scope): Promise<HaltRow | null> {
  const found = await sql<HaltRow>`
    SELECT ${COLUMNS} FROM piculus.halts h WHERE h.id = ${id}::bigint AND ${seenBy(scope)}`.execute(db);
  return found.rows[0] ?? null;
}

/** Newest first, below the id `before` where one is given. */
export async function listHalts(
  db: Executor,
  page: {
    readonly scope: Scope;
    readonly open: boolean | null;
    readonly before: string | null;
    readonly limit: number;
  },
): Promise<HaltRow[]> {
  const open = page.open === null ? sql`` : sql`AND (h.ended_at IS NULL) = ${page.open}::boolean`;
  const below = page.before === null ? sql`` : sql`AND h.id < ${page.before}::bigint`;
  const found = await sql<HaltRow>`
    SELECT ${COLUMNS} FROM piculus.halts h WHERE ${seenBy(page.scope)} ${open} ${below}
    ORDER BY h.id DESC LIMIT ${page.limit}`.execute(db);
  return found.rows;
}

export async function openHalts(db: Executor): Promise<HaltRow[]> {
  const found = await sql<HaltRow>`
    SELECT ${COLUMNS} FROM piculus.halts h WHERE h.ended_at IS NULL ORDER BY h.id`.execute(db);
  return found.rows;
}

export interface HaltedLease {
  readonly id: string;
  readonly sysCode: string;
  readonly fixCode: string;
  readonly clientId: string;
  readonly trigger: Trigger;
}

/** Open leases under a switch or a breaker. What a limit pauses is counted already and may go on. */
export async function haltedLeases(
  db: Executor,
  limit: number,
  clientIds?: readonly string[],
): Promise<HaltedLease[]> {
  const whose = clientIds === undefined ? sql`true` : sql`l.client_id = ANY(${[...clientIds]}::text[])`;
  const found = await sql<HaltedLease>`
    SELECT l.id, l.sys_code AS "sysCode", l.fix_code AS "fixCode", l.client_id AS "clientId", l.trigger
    FROM piculus.leases l
    WHERE l.closed_at IS NULL AND ${whose} AND EXISTS (
      SELECT 1 FROM piculus.halts h
      WHERE h.ended_at IS NULL AND h.kind <> 'limit' AND (l.trigger = 'tick' OR h.include_manual)
        AND (h.sys_code IS NULL OR (h.sys_code = l.sys_code AND (h.fix_code IS NULL OR h.fix_code = l.fix_code))))
    ORDER BY l.leased_at LIMIT ${limit}`.execute(db);
  return found.rows;
}
