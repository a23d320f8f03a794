/** The tables of the approval policy and of requests for a second person. */
import {
  type ApprovalCommand,
  approvalCommandSchema,
  type ApprovalKind,
  type ApprovalMode,
  type ApprovalNeed,
  type ApprovalPreview,
  approvalRulesSchema,
  type ApprovalRules,
  type ApprovalState,
} from '@piculus/protocol/http';
import { sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor, Tx } from './database.ts';
import { storableText, toJson } from './json.ts';

// The policy ------------------------------------------------------------------------------------------------------

export interface PolicyRow {
  readonly version: number;
  readonly mode: ApprovalMode;
  readonly singlePerson: boolean;
  readonly rules: ApprovalRules;
  readonly changedAt: Date;
  readonly changedBy: string;
  readonly reason: string;
}

const POLICY = sql`
  SELECT p.version, p.mode, p.single_person AS "singlePerson", p.rules, p.changed_at AS "changedAt",
    p.changed_by AS "changedBy", p.reason
  FROM piculus.approval_gate g JOIN piculus.approval_policies p ON p.version = g.version`;

export async function readPolicy(db: Executor): Promise<PolicyRow> {
  const found = await sql<PolicyRow>`${POLICY}`.execute(db);
  return policyOf(found.rows);
}

/** The current policy, which nobody changes until the end of the transaction. */
export async function lockPolicy(tx: Tx, how: 'share' | 'change' = 'share'): Promise<PolicyRow> {
  const lock = how === 'share' ? sql`FOR SHARE OF g` : sql`FOR UPDATE OF g`;
  const found = await sql<PolicyRow>`${POLICY} ${lock}`.execute(tx);
  return policyOf(found.rows);
}

function policyOf([row]: readonly PolicyRow[]): PolicyRow {
  // The migration makes the first one, and none is ever deleted.
  if (row === undefined) throw new Error('there is no approval policy');
  return { ...row, rules: approvalRulesSchema.parse(row.rules) };
}

/**
 * Call under the policy's lock.
 * @param effective the rules that hold from now on; null where nothing needs a second person.
 * @param twoPeople the scenarios that always need one under them.
 */
export async function savePolicy(
  tx: Tx,
  row: PolicyRow,
  effective: ApprovalRules | null,
  twoPeople: readonly string[],
): Promise<void> {
  await sql`
    INSERT INTO piculus.approval_policies (version, mode, single_person, rules, changed_at, changed_by, reason)
    VALUES (${row.version}, ${row.mode}, ${row.singlePerson}, ${toJson(row.rules)}::text::jsonb, ${row.changedAt},
      ${row.changedBy}, ${storableText(row.reason)})`.execute(tx);
  await sql`
    UPDATE piculus.approval_gate SET version = ${row.version}, enforced = ${effective !== null},
      bulk_problems = ${effective?.bulkProblems ?? null}, limits_one = ${(effective?.aloneUpTo ?? null) !== null},
      limits_bulk = ${(effective?.bulkUpTo ?? null) !== null},
      limits_day = ${(effective?.perDayUpTo ?? null) !== null}`.execute(tx);
  await sql`DELETE FROM piculus.approval_amounts`.execute(tx);
  await sql`DELETE FROM piculus.approval_scenarios`.execute(tx);
  await sql`DELETE FROM piculus.unattended_rules`.execute(tx);
  if (effective === null) return;
  const { aloneUpTo, bulkUpTo, perDayUpTo } = effective;
  const amounts = Object.entries({ one: aloneUpTo, bulk: bulkUpTo, day: perDayUpTo }).flatMap(
    ([what, rows]) => (rows ?? []).map((given) => ({ what, ...given })),
  );
  await sql`
    INSERT INTO piculus.approval_amounts (what, currency, amount_minor)
    SELECT what, currency, "amountMinor" FROM jsonb_to_recordset(${JSON.stringify(amounts)}::text::jsonb)
      AS given(what text, currency char(3), "amountMinor" numeric(20))`.execute(tx);
  await sql`
    INSERT INTO piculus.approval_scenarios (scenario) SELECT unnest(${[...twoPeople]}::text[])`.execute(tx);
  type TickRule = { scenario: string; currency: string; amount: string | null };
  const ticks = Object.entries(effective.unattended).flatMap(([scenario, level]): TickRule[] => {
    const anyAmount = { scenario, currency: '', amount: null };
    if (level === 'automatic') return [anyAmount];
    if (level !== 'below-amount') return [];
    if (effective.unattendedUpTo === null) return [anyAmount];
    return effective.unattendedUpTo.map(({ currency, amountMinor }) => ({
      scenario,
      currency,
      amount: amountMinor,
    }));
  });
  await sql`
    INSERT INTO piculus.unattended_rules (scenario, currency, amount_minor)
    SELECT scenario, currency, amount FROM jsonb_to_recordset(${JSON.stringify(ticks)}::text::jsonb)
      AS given(scenario text, currency text, amount numeric(20))`.execute(tx);
}

/** The problem `p` may not be run by a tick, because the policy wants a person for it. */
export const ASKS_PERSON = sql`((SELECT g.enforced FROM piculus.approval_gate g) AND NOT EXISTS (
  SELECT 1 FROM piculus.unattended_rules u
  WHERE u.scenario = p.scenario AND u.currency IN ('', p.currency::text)
    AND (u.amount_minor IS NULL OR abs(p.amount_minor) <= u.amount_minor)))`;

/** Whether anybody but this person could approve anything; whoever could until a week ago counts too. */
export async function someoneElseApproves(db: Executor, userId: string, at: Date): Promise<boolean> {
  const weekAgo = new Date(at.getTime() - 7 * 86_400_000);
  const found = await sql`
    SELECT FROM piculus.grants g JOIN piculus.roles r ON r.name = g.role JOIN piculus.users u ON u.id = g.user_id
    WHERE 'approve' = ANY(r.verbs) AND u.id <> ${userId}
      AND (NOT u.banned OR u.updated_at > ${weekAgo}::timestamptz) LIMIT 1`.execute(db);
  return found.rows.length > 0;
}

// Requests --------------------------------------------------------------------------------------------------------

export interface ApprovalRow {
  readonly id: string;
  readonly kind: ApprovalKind;
  readonly command: ApprovalCommand;
  readonly commandHash: Buffer;
  readonly evidence: unknown;
  readonly preview: ApprovalPreview;
  readonly needs: ApprovalNeed[];
  readonly sysCodes: string[];
  readonly policyVersion: number;
  readonly reason: string;
  readonly requestedBy: string;
  readonly requestedById: string;
  readonly requestedVia: 'session' | 'token';
  readonly requestedFrom: string | null;
  readonly requestedAt: Date;
  readonly expiresAt: Date;
  readonly hash: Buffer;
  readonly state: ApprovalState;
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly decisionReason: string | null;
  readonly bulkRunId: string | null;
}

const ROWS = sql`
  SELECT a.id, a.kind, a.command, a.command_hash AS "commandHash", a.evidence, a.preview, a.needs,
    a.sys_codes AS "sysCodes", a.policy_version AS "policyVersion", a.reason, a.requested_by AS "requestedBy",
    a.requested_by_id AS "requestedById", a.requested_via AS "requestedVia", a.requested_from AS "requestedFrom",
    a.requested_at AS "requestedAt", a.expires_at AS "expiresAt", a.hash, a.state, a.decided_by AS "decidedBy",
    a.decided_at AS "decidedAt", a.decision_reason AS "decisionReason", a.bulk_run_id AS "bulkRunId"
  FROM piculus.approvals a`;

const asRow = (row: ApprovalRow): ApprovalRow => ({
  ...row,
  command: approvalCommandSchema.parse(row.command),
});

export type NewApproval = Omit<
  ApprovalRow,
  'id' | 'state' | 'decidedBy' | 'decidedAt' | 'decisionReason' | 'bulkRunId'
>;

/** @returns its id; null where the same command is asked for already. */
export async function insertApproval(
  tx: Tx,
  row: NewApproval,
  problemIds: readonly string[],
): Promise<string | null> {
  const made = await sql<{ id: string }>`
    INSERT INTO piculus.approvals (kind, command, command_hash, evidence, preview, needs, sys_codes, policy_version,
      reason, requested_by, requested_by_id, requested_via, requested_from, requested_at, expires_at, hash, state)
    VALUES (${row.kind}, ${toJson(row.command)}::text::jsonb, ${row.commandHash}, ${toJson(row.evidence)}::text::jsonb,
      ${toJson(row.preview)}::text::jsonb, ${toJson(row.needs)}::text::jsonb, ${row.sysCodes}::text[],
      ${row.policyVersion}, ${storableText(row.reason)}, ${row.requestedBy}, ${row.requestedById},
      ${row.requestedVia}, ${row.requestedFrom}, ${row.requestedAt}, ${row.expiresAt}, ${row.hash}, 'open')
    ON CONFLICT (command_hash) WHERE state = 'open' DO NOTHING RETURNING id`.execute(tx);
  const id = made.rows[0]?.id ?? null;
  if (id === null) return null;
  await sql`
    INSERT INTO piculus.approval_problems (approval_id, problem_id, fingerprint, solution_version)
    SELECT ${id}::bigint, p.id, piculus.problem_fingerprint(p),
      piculus.current_solution_version(p.sys_code, p.fix_code)
    FROM piculus.problems p WHERE p.id = ANY(${[...problemIds]}::bigint[])`.execute(tx);
  return id;
}

export async function readApproval(db: Executor, id: string): Promise<ApprovalRow | null> {
  const found = await sql<ApprovalRow>`${ROWS} WHERE a.id = ${id}::bigint`.execute(db);
  return found.rows.map(asRow)[0] ?? null;
}

/** Two people who decide at the same moment take turns here. */
export async function lockApproval(tx: Tx, id: string): Promise<ApprovalRow | null> {
  const found = await sql<ApprovalRow>`${ROWS} WHERE a.id = ${id}::bigint FOR UPDATE`.execute(tx);
  return found.rows.map(asRow)[0] ?? null;
}

export interface Decision {
  readonly state: Exclude<ApprovalState, 'open'>;
  readonly by: string;
  /** Null for policies. */
  readonly byId: string | null;
  readonly at: Date;
  readonly reason: string;
}

/** @returns whether it was open. */
export async function decideApproval(tx: Tx, id: string, decision: Decision): Promise<boolean> {
  const { state, by, byId, at, reason } = decision;
  const done = await sql`
    UPDATE piculus.approvals SET state = ${state}, decided_by = ${by}, decided_by_id = ${byId}, decided_at = ${at},
      decision_reason = ${storableText(reason)}
    WHERE id = ${id}::bigint AND state = 'open' RETURNING id`.execute(tx);
  return done.rows.length === 1;
}

export async function setBulkRunOf(tx: Tx, id: string, bulkRunId: string): Promise<void> {
  await sql`
    UPDATE piculus.approvals SET bulk_run_id = ${bulkRunId}::bigint WHERE id = ${id}::bigint`.execute(tx);
}

export async function isApproved(tx: Tx, id: string): Promise<boolean> {
  const found = await sql`
    SELECT FROM piculus.approvals WHERE id = ${id}::bigint AND state = 'approved'`.execute(tx);
  return found.rows.length === 1;
}

/** Requests that nobody decided about in time. @returns them. */
export async function overdueApprovals(tx: Tx, at: Date): Promise<ApprovalRow[]> {
  const found = await sql<ApprovalRow>`
    ${ROWS} WHERE a.state = 'open' AND a.expires_at <= ${at}::timestamptz
    ORDER BY a.id LIMIT 500 FOR UPDATE SKIP LOCKED`.execute(tx);
  return found.rows.map(asRow);
}

export interface ApprovalList {
  readonly tab: 'to-decide' | 'mine' | 'history';
  readonly states: readonly ApprovalState[] | null;
  readonly userId: string | null;
  readonly view: Scope;
  readonly approve: Scope;
  readonly now: Date;
  readonly before: string | null;
  readonly limit: number;
}

/** What concerns the whole installation names no system, and is for those who may do it everywhere. */
const covered = (scope: Scope) =>
  scope === 'all' ? sql`true` : sql`(cardinality(a.sys_codes) > 0 AND a.sys_codes <@ ${[...scope]}::text[])`;

/** Newest first. One's own are always visible. */
export async function listApprovals(db: Executor, list: ApprovalList): Promise<ApprovalRow[]> {
  const { tab, states, userId, now, before } = list;
  const mine = sql`a.requested_by_id = ${userId ?? ''}`;
  const isOpen = sql`a.state = 'open' AND a.expires_at > ${now}::timestamptz`;
  const conditions = [sql`(${mine} OR ${covered(list.view)})`];
  if (tab === 'mine') conditions.push(mine);
  if (tab === 'to-decide') conditions.push(sql`${isOpen} AND NOT ${mine} AND ${covered(list.approve)}`);
  if (states !== null) {
    const told = sql`CASE WHEN a.state = 'open' AND NOT (${isOpen}) THEN 'expired' ELSE a.state END`;
    conditions.push(sql`${told} = ANY(${[...states]}::text[])`);
  }
  if (before !== null) conditions.push(sql`a.id < ${before}::bigint`);
  const found = await sql<ApprovalRow>`
    ${ROWS} WHERE ${sql.join(conditions, sql` AND `)} ORDER BY a.id DESC LIMIT ${list.limit}`.execute(db);
  return found.rows.map(asRow);
}

/** What people ran alone before that time, which no limit looks at any more. @returns how many rows. */
export async function deleteOldAloneAmounts(db: Executor, before: Date, limit: number): Promise<number> {
  const gone = await sql`
    DELETE FROM piculus.alone_amounts WHERE (person, slot, currency) IN (
      SELECT person, slot, currency FROM piculus.alone_amounts WHERE slot < ${before}::timestamptz LIMIT ${limit})
    RETURNING person`.execute(db);
  return gone.rows.length;
}
