/** The table of acts: what people and policies did, in the transaction of what they changed. */
import type { Via } from '@piculus/protocol/http';
import { sql } from 'kysely';
import type { Executor, Tx } from './database.ts';
import { toJson } from './json.ts';

export interface AuditRow {
  readonly at: Date;
  /** A person's user name, `policy:<name>` or `cron`. */
  readonly actor: string;
  readonly act: string;
  readonly sysCode?: string | null;
  readonly problemId?: string | null;
  /** What was acted on where it is not a problem, for instance `solution:7`. */
  readonly target?: string | null;
  readonly reason?: string | null;
  /** What was there before, and what is there now, where something was changed. */
  readonly before?: Readonly<Record<string, unknown>> | null;
  readonly after?: Readonly<Record<string, unknown>> | null;
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Null where no caller is known. */
  readonly via?: Via | null;
  /** The address that the call came from. */
  readonly from?: string | null;
  readonly requestId?: string | null;
}

export async function insertAudit(tx: Tx, rows: readonly AuditRow[]): Promise<void> {
  if (rows.length === 0) return;
  const payload = toJson(
    rows.map((row) => ({
      at: row.at,
      actor: row.actor,
      act: row.act,
      sys_code: row.sysCode ?? null,
      problem_id: row.problemId ?? null,
      target: row.target ?? null,
      reason: row.reason ?? null,
      before: row.before ?? null,
      after: row.after ?? null,
      detail: row.detail ?? {},
      via: row.via ?? null,
      from_address: row.from ?? null,
      request_id: row.requestId ?? null,
    })),
  );
  await sql`
    INSERT INTO piculus.audit (at, actor, act, sys_code, problem_id, target, reason, before, after, detail, via,
      from_address, request_id)
    SELECT at, actor, act, sys_code, problem_id, target, reason, before, after, detail, via, from_address, request_id
    FROM jsonb_to_recordset(${payload}::text::jsonb) AS given(
      at timestamptz, actor text, act text, sys_code text, problem_id bigint, target text, reason text, before jsonb,
      after jsonb, detail jsonb, via text, from_address text, request_id text)
  `.execute(tx);
}

export interface ProblemAct {
  readonly at: Date;
  readonly actor: string;
  readonly act: string;
  readonly reason: string | null;
  readonly detail: Record<string, unknown>;
}

/** The latest acts on one problem, oldest first. */
export async function actsOnProblem(db: Executor, problemId: string, limit: number): Promise<ProblemAct[]> {
  const found = await sql<ProblemAct>`
    SELECT at, actor, act, reason, detail FROM piculus.audit
    WHERE problem_id = ${problemId} ORDER BY id DESC LIMIT ${limit}`.execute(db);
  return found.rows.reverse();
}
