/** Clicks that wait for a client. They stay until their problem was answered, so that nothing is lost on the way. */
import type { Trigger } from '@piculus/protocol';
import { sql } from 'kysely';
import type { Tx } from './database.ts';
import { storableText } from './json.ts';

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
