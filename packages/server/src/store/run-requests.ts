/** Clicks that wait for a client. They stay until their problem was answered, so that nothing is lost on the way. */
import type { Trigger } from '@piculus/protocol';
import { sql } from 'kysely';
import type { Tx } from './database.ts';
import { storableText } from './json.ts';
import { leasedItems } from './leases.ts';

export interface RunRequest {
  readonly problemId: string;
  readonly sysCode: string;
  readonly fixCode: string;
}

/** @returns the problems that had no open request before. */
export async function insertRunRequests(
  tx: Tx,
  click: { trigger: Exclude<Trigger, 'tick'>; actor: string; reason: string | null; at: Date },
  requests: readonly RunRequest[],
): Promise<ReadonlySet<string>> {
  if (requests.length === 0) return new Set();
  const rows = JSON.stringify(
    requests.map(({ problemId, sysCode, fixCode }) => ({ p: problemId, s: sysCode, f: fixCode })),
  );
  const made = await sql<{ id: string }>`
    INSERT INTO piculus.run_requests (problem_id, sys_code, fix_code, trigger, requested_by, reason, requested_at)
    SELECT p, s, f, ${click.trigger}, ${click.actor}, ${click.reason === null ? null : storableText(click.reason)},
      ${click.at}::timestamptz
    FROM jsonb_to_recordset(${rows}::text::jsonb) AS given(p bigint, s text, f text)
    ON CONFLICT (problem_id) DO NOTHING RETURNING problem_id AS id
  `.execute(tx);
  return new Set(made.rows.map(({ id }) => id));
}

export async function deleteRunRequests(tx: Tx, problemIds: readonly string[]): Promise<void> {
  await sql`DELETE FROM piculus.run_requests WHERE problem_id = ANY(${[...problemIds]}::bigint[])`.execute(
    tx,
  );
}

export interface Drop {
  readonly sysCode: string;
  readonly fixCode: string;
  readonly actor: string;
  /** For people, in the history of each problem. */
  readonly reason: string;
  readonly at: Date;
}

/**
 * Ends the clicks of one fix that wait for a client, with an act per problem. Those that a client works on stay
 * until their answer. Call under the system's lock, so that no click and no claim comes in between.
 * @returns the problems whose click was dropped.
 */
export async function dropRunRequests(tx: Tx, drop: Drop): Promise<string[]> {
  const dropped = await sql<{ id: string }>`
    WITH dropped AS (
      DELETE FROM piculus.run_requests r
      WHERE r.sys_code = ${drop.sysCode} AND r.fix_code = ${drop.fixCode}
        AND r.problem_id NOT IN (SELECT leased.id FROM ${leasedItems(sql`${drop.sysCode}`)} AS leased)
      RETURNING r.problem_id),
    told AS (
      INSERT INTO piculus.audit (at, actor, act, sys_code, problem_id, reason)
      SELECT ${drop.at}::timestamptz, ${drop.actor}, 'run-dropped', ${drop.sysCode}, problem_id, ${drop.reason}
      FROM dropped)
    SELECT problem_id AS id FROM dropped`.execute(tx);
  return dropped.rows.map(({ id }) => id);
}

/** @returns whether there is a solution for this fix, enabled. */
export async function canBeRun(tx: Tx, sysCode: string, fixCode: string): Promise<boolean> {
  const found = await sql`
    SELECT FROM piculus.solutions s
    JOIN piculus.solution_versions v ON v.solution_id = s.id AND v.version = s.version
    WHERE s.sys_code = ${sysCode} AND s.fix_code = ${fixCode} AND s.deleted_at IS NULL AND v.status = 'enabled'
  `.execute(tx);
  return found.rows.length > 0;
}
