/** The limits that an installation sets, per system and per solution; and the executions of canaries. */
import { breakerSchema, type LimitSettings } from '@piculus/protocol/http';
import { sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor, Tx } from './database.ts';
import { within } from './scope.ts';

export interface LimitsRow {
  readonly sysCode: string;
  /** Null: the system over all its solutions. */
  readonly fixCode: string | null;
  readonly settings: LimitSettings;
  readonly version: number;
  readonly changedAt: Date;
  readonly changedBy: string;
}

type Raw = Omit<LimitsRow, 'settings' | 'fixCode'> & {
  fixCode: string;
  executionsPerHour: number | null;
  amounts: { currency: string; amountMinor: string }[];
  breaker: unknown;
  canary: number;
};

const ROWS = sql`
  SELECT l.sys_code AS "sysCode", l.fix_code AS "fixCode", l.version, l.executions_per_hour AS "executionsPerHour",
    l.breaker, l.canary, l.changed_at AS "changedAt", l.changed_by AS "changedBy",
    coalesce((SELECT jsonb_agg(jsonb_build_object('currency', a.currency, 'amountMinor', a.amount_minor::text)
                ORDER BY a.currency)
              FROM piculus.amount_limits a WHERE a.sys_code = l.sys_code AND a.fix_code = l.fix_code), '[]') AS amounts
  FROM piculus.limits l`;

function asRow({ executionsPerHour, amounts, breaker, canary, fixCode, ...row }: Raw): LimitsRow {
  return {
    ...row,
    fixCode: fixCode === '' ? null : fixCode,
    settings: {
      executionsPerHour,
      amountsPerHour: amounts,
      breaker: breaker === null ? null : breakerSchema.parse(breaker),
      canary,
    },
  };
}

export async function readLimits(db: Executor): Promise<LimitsRow[]> {
  const found = await sql<Raw>`${ROWS} ORDER BY l.sys_code, l.fix_code`.execute(db);
  return found.rows.map(asRow);
}

/** Those of the solution, and those of its system. */
export async function limitsOver(db: Executor, sysCode: string, fixCode: string): Promise<LimitsRow[]> {
  const found = await sql<Raw>`
    ${ROWS} WHERE l.sys_code = ${sysCode} AND l.fix_code IN ('', ${fixCode}) ORDER BY l.fix_code`.execute(db);
  return found.rows.map(asRow);
}

/** Call under the system's lock. */
export async function saveLimits(tx: Tx, row: LimitsRow): Promise<void> {
  const { sysCode, settings } = row;
  const fixCode = row.fixCode ?? '';
  const breaker = settings.breaker === null ? null : JSON.stringify(settings.breaker);
  await sql`
    INSERT INTO piculus.limits AS l (sys_code, fix_code, version, executions_per_hour, breaker, canary, changed_at, changed_by)
    VALUES (${sysCode}, ${fixCode}, ${row.version}, ${settings.executionsPerHour}, ${breaker}::text::jsonb,
      ${settings.canary}, ${row.changedAt}, ${row.changedBy})
    ON CONFLICT (sys_code, fix_code) DO UPDATE SET version = excluded.version,
      executions_per_hour = excluded.executions_per_hour, breaker = excluded.breaker, canary = excluded.canary,
      changed_at = excluded.changed_at, changed_by = excluded.changed_by`.execute(tx);
  await sql`DELETE FROM piculus.amount_limits WHERE sys_code = ${sysCode} AND fix_code = ${fixCode}`.execute(
    tx,
  );
  await sql`
    INSERT INTO piculus.amount_limits (sys_code, fix_code, currency, amount_minor)
    SELECT ${sysCode}, ${fixCode}, currency, "amountMinor"
    FROM jsonb_to_recordset(${JSON.stringify(settings.amountsPerHour)}::text::jsonb) AS given(
      currency char(3), "amountMinor" numeric(20))`.execute(tx);
}

/** Systems and solutions that may have limits. */
export interface Limitable {
  readonly sysCode: string;
  readonly fixCode: string | null;
  readonly solutionVersion: number | null;
  readonly canaryDone: number;
}

export async function limitables(db: Executor, scope: Scope): Promise<Limitable[]> {
  const found = await sql<Limitable>`
    SELECT sys_code AS "sysCode", NULL AS "fixCode", NULL::integer AS "solutionVersion", 0 AS "canaryDone"
    FROM piculus.systems WHERE ${within(sql`sys_code`, scope)}
    UNION ALL
    SELECT s.sys_code, s.fix_code, s.version, coalesce(c.executions, 0)
    FROM piculus.solutions s LEFT JOIN piculus.canaries c ON c.solution_id = s.id AND c.version = s.version
    WHERE s.deleted_at IS NULL AND ${within(sql`s.sys_code`, scope)}
    ORDER BY 1, 2 NULLS FIRST`.execute(db);
  return found.rows;
}

/** Executions by a click that went well, under one version of a solution. */
export async function countCanaries(
  tx: Tx,
  { solutionId, version, executions }: { solutionId: string; version: number; executions: number },
): Promise<void> {
  if (executions === 0) return;
  await sql`
    INSERT INTO piculus.canaries AS c (solution_id, version, executions)
    VALUES (${solutionId}, ${version}, ${executions})
    ON CONFLICT (solution_id, version) DO UPDATE SET executions = c.executions + excluded.executions`.execute(
    tx,
  );
}
