/** What an approval of runs is given for: the problems as they are, and why they need it. */
import type { ApprovalCause, ApprovalPreview } from '@piculus/protocol/http';
import { sql } from 'kysely';
import { whyRefused } from './bulk-runs.ts';
import type { Tx } from './database.ts';
import { problemConditions, type ScopedFilter, WITH_SOLUTION } from './problem-filters.ts';
import type { Scope } from '../base/access.ts';

export interface RunEvidence {
  readonly problems: number;
  readonly sysCodes: string[];
  readonly amounts: { currency: string; amountMinor: string }[];
  /** SHA-256 over the problems and the versions of their solutions, in hexadecimal. */
  readonly digest: string;
}

/** Everything about these problems, in one digest. Call under the locks of their systems. */
export async function runEvidence(tx: Tx, ids: readonly string[]): Promise<RunEvidence> {
  const found = await sql<Omit<RunEvidence, 'problems'> & { problems: string }>`
    WITH asked AS MATERIALIZED (
      SELECT p.id, p.sys_code, p.currency, p.amount_minor, piculus.problem_fingerprint(p) AS print,
        piculus.current_solution_version(p.sys_code, p.fix_code) AS version
      FROM piculus.problems p WHERE p.id = ANY(${[...ids]}::bigint[]))
    SELECT count(*) AS problems, coalesce(array_agg(DISTINCT sys_code), '{}') AS "sysCodes",
      coalesce((SELECT jsonb_agg(jsonb_build_object('currency', currency, 'amountMinor', amount::text) ORDER BY currency)
        FROM (SELECT currency, sum(amount_minor) AS amount FROM asked GROUP BY currency) AS sums), '[]') AS amounts,
      encode(sha256(convert_to(coalesce(string_agg(id || ' ' || encode(print, 'hex') || ' ' || coalesce(version::text, '-'),
        E'\n' ORDER BY id), ''), 'UTF8')), 'hex') AS digest
    FROM asked`.execute(tx);
  const row = found.rows[0];
  if (row === undefined) throw new Error('an aggregate has one row');
  return { ...row, problems: Number(row.problems) };
}

/** The largest of them. */
export async function runSample(tx: Tx, ids: readonly string[]): Promise<ApprovalPreview['sample']> {
  const found = await sql<ApprovalPreview['sample'][number]>`
    SELECT p.id AS "problemId", p.sys_code AS "sysCode", p.fix_code AS "fixCode", p.business_key AS "businessKey",
      p.scenario, p.amount_minor AS "amountMinor", p.currency
    FROM piculus.problems p WHERE p.id = ANY(${[...ids]}::bigint[])
    ORDER BY abs(p.amount_minor) DESC, p.id LIMIT 20`.execute(tx);
  return found.rows;
}

export interface RunNeed {
  readonly cause: ApprovalCause;
  readonly currency: string | null;
  readonly given: string | null;
  readonly allowed: string | null;
}

/** Why these problems, run at once, need a second person: the database's own question, asked before. */
export async function runNeeds(tx: Tx, ids: readonly string[], person: string, at: Date): Promise<RunNeed[]> {
  const found = await sql<RunNeed>`
    SELECT cause, currency, given, allowed
    FROM piculus.run_needs(${[...ids]}::bigint[], ${person}, ${at}::timestamptz)`.execute(tx);
  return found.rows;
}

/** The problems of a filter that a bulk run would execute now. */
export async function matchingRunnable(
  tx: Tx,
  search: ScopedFilter,
  runnable: Scope,
  at: Date,
): Promise<string[]> {
  const found = await sql<{ id: string }>`
    SELECT p.id FROM ${WITH_SOLUTION}
    WHERE ${problemConditions(search, at)} AND ${whyRefused(runnable)} IS NULL ORDER BY p.id`.execute(tx);
  return found.rows.map(({ id }) => id);
}
