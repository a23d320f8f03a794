/** What a claim may take: problems that no open lease of their system touches, over all fix codes. */
import type { Facts, Outcome, ScenarioCode, Trigger } from '@piculus/protocol';
import { sql } from 'kysely';
import { ASKS_PERSON } from './approvals.ts';
import type { Tx } from './database.ts';
import { leasedItems } from './leases.ts';
import { type DueSolution, WAITS_FOR_TICK } from './ticks.ts';

export interface Candidate {
  readonly id: string;
  readonly businessKey: string;
  readonly scenario: ScenarioCode;
  readonly amountMinor: string;
  readonly currency: string;
  readonly attempts: number;
  readonly reopenCount: number;
  readonly lastOutcome: Outcome | null;
  readonly trigger: Trigger;
  /** Its click no longer counts; never for a tick. */
  readonly isVoid: boolean;
  /** As they were reported last: the evidence that the command is for. */
  readonly facts: Facts;
}

const COLUMNS = sql`
  p.id, p.business_key AS "businessKey", p.scenario, p.amount_minor AS "amountMinor", p.currency, p.attempts,
  p.reopen_count AS "reopenCount", p.last_outcome AS "lastOutcome", p.facts`;

const notLeased = (sysCode: string) =>
  sql`p.business_key NOT IN (SELECT leased.business_key FROM ${leasedItems(sql`${sysCode}`)} AS leased)`;

/** More than one of the hourly limits as a whole, so no tick can take it; it waits for a click. */
export const IS_TOO_LARGE = sql`EXISTS (
  SELECT 1 FROM piculus.amount_limits a
  WHERE a.sys_code = p.sys_code AND a.fix_code IN ('', p.fix_code) AND a.currency = p.currency
    AND a.amount_minor < p.amount_minor)`;

/**
 * The approval of the click is not for the problem as it is now, or nobody approved it and the policy has come to ask
 * for that.
 */
const isVoid = (at: Date) => sql`
  CASE WHEN r.approval_id IS NULL THEN piculus.asks_two(p)
    ELSE NOT piculus.approval_covers(r.approval_id, p, r.requested_by, ${at}::timestamptz) END`;

/** Problems that somebody clicked, first come first served. One statement, so that it sees one moment. */
export async function clickedCandidates(
  tx: Tx,
  { sysCode, solution, limit, at }: { sysCode: string; solution: DueSolution; limit: number; at: Date },
): Promise<Candidate[]> {
  const found = await sql<Candidate>`
    SELECT ${COLUMNS}, r.trigger, ${isVoid(at)} AS "isVoid"
    FROM piculus.run_requests r JOIN piculus.problems p ON p.id = r.problem_id
    WHERE r.sys_code = ${sysCode} AND r.fix_code = ${solution.fixCode}
      AND p.state IN ('pending', 'exhausted', 'needs-human') AND ${notLeased(sysCode)}
    ORDER BY r.id LIMIT ${limit}`.execute(tx);
  return found.rows;
}

/** Problems that wait for the solution's open tick, from where its pass has come. */
export async function tickCandidates(
  tx: Tx,
  sysCode: string,
  solution: DueSolution,
  limit: number,
): Promise<Candidate[]> {
  const found = await sql<Candidate>`
    SELECT ${COLUMNS}, 'tick' AS trigger, false AS "isVoid"
    FROM piculus.problems p
    WHERE p.sys_code = ${sysCode} AND p.fix_code = ${solution.fixCode} AND p.id > ${solution.tickCursor}::bigint
      AND ${WAITS_FOR_TICK} AND NOT ${IS_TOO_LARGE} AND NOT ${ASKS_PERSON} AND p.ready_at <= ${solution.tickAt}::timestamptz AND ${notLeased(sysCode)}
    ORDER BY p.id LIMIT ${limit}`.execute(tx);
  return found.rows;
}
