/** The hot table: reading and writing problems in batches. What a batch means is decided in ../problems/. */
import {
  type Handling,
  isoTime,
  type Outcome,
  type OutOfPocket,
  type ProblemReport,
  type ScenarioCode,
  type StoredProblemState,
} from '@piculus/protocol';
import { sql } from 'kysely';
import { writeTextList } from './arrays.ts';
import type { Executor, Tx } from './database.ts';
import { toJson } from './json.ts';

/** The columns that decide what may happen to a problem and what it is counted under. */
export interface ProblemRow {
  readonly id: string;
  readonly sysCode: string;
  readonly fixCode: string;
  readonly businessKey: string;
  readonly scenario: ScenarioCode;
  readonly handling: Handling;
  readonly amountMinor: string;
  readonly currency: string;
  readonly outOfPocket: OutOfPocket;
  readonly state: StoredProblemState;
  readonly stateChangedAt: Date;
  readonly notYetSince: Date | null;
  readonly attempts: number;
  readonly retriesUsed: number;
  readonly reopenCount: number;
  readonly reopened: boolean;
  readonly seenSinceClosed: boolean;
  readonly lastOutcome: Outcome | null;
  readonly lastCommandId: string | null;
  readonly firstSeenAt: Date;
}

const COLUMNS = sql`
  p.id, p.sys_code AS "sysCode", p.fix_code AS "fixCode", p.business_key AS "businessKey", p.scenario, p.handling,
  p.amount_minor AS "amountMinor", p.currency, p.out_of_pocket AS "outOfPocket", p.state,
  p.state_changed_at AS "stateChangedAt", p.not_yet_since AS "notYetSince", p.attempts,
  p.retries_used AS "retriesUsed", p.reopen_count AS "reopenCount", p.reopened,
  p.seen_since_closed AS "seenSinceClosed", p.last_outcome AS "lastOutcome", p.last_command_id AS "lastCommandId",
  p.first_seen_at AS "firstSeenAt"`;

export async function problemsByIds(db: Executor, ids: readonly string[]): Promise<ProblemRow[]> {
  const found = await sql<ProblemRow>`
    SELECT ${COLUMNS} FROM piculus.problems p WHERE p.id = ANY(${writeTextList(ids)}::bigint[]) ORDER BY p.id`.execute(
    db,
  );
  return found.rows;
}

export async function problemsByKeys(
  db: Executor,
  sysCode: string,
  keys: readonly { fixCode: string; businessKey: string }[],
): Promise<ProblemRow[]> {
  const fixCodes = writeTextList(keys.map(({ fixCode }) => fixCode));
  const businessKeys = writeTextList(keys.map(({ businessKey }) => businessKey));
  const found = await sql<ProblemRow>`
    SELECT ${COLUMNS}
    FROM unnest(${fixCodes}::text[], ${businessKeys}::text[]) AS given(f, k)
    -- The offset of none changes nothing and keeps the planner from moving the other conditions inwards: of a table
    -- that was filled this minute it knows nothing, and would walk over all problems of a fix for each of the keys.
    CROSS JOIN LATERAL (SELECT * FROM piculus.problems WHERE business_key = given.k OFFSET 0) AS p
    WHERE p.sys_code = ${sysCode} AND p.fix_code = given.f
  `.execute(db);
  return found.rows;
}

export interface NewProblem {
  readonly report: ProblemReport;
  readonly state: StoredProblemState;
}

/** A problem that was inserted, with what it is known by. */
export interface InsertedProblem {
  readonly id: string;
  readonly fixCode: string;
  readonly businessKey: string;
}

/** `book` says that whoever writes keeps the books of problem-blocks.ts itself: 2 and 3 in turns. */
export async function insertProblems(
  tx: Tx,
  batch: { sysCode: string; commandId: string; at: Date; problems: readonly NewProblem[] },
): Promise<InsertedProblem[]> {
  if (batch.problems.length === 0) return [];
  const list = (column: (one: NewProblem) => string): string => writeTextList(batch.problems.map(column));
  const sides = batch.problems.map(({ report: { facts, contradictions } }) => ({ facts, contradictions }));
  const made = await sql<InsertedProblem>`
    INSERT INTO piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
      out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, last_command_id,
      first_seen_at, last_seen_at, book)
    SELECT ${batch.sysCode}, fix_code, business_key, scenario, handling, amount_minor, currency, out_of_pocket,
      occurred_at, facts, contradictions, state, ${batch.at}::timestamptz, ${batch.at}::timestamptz,
      ${batch.commandId}::bigint, ${batch.at}::timestamptz, ${batch.at}::timestamptz, 2
    FROM ROWS FROM (
      unnest(${list(({ report }) => report.fixCode)}::text[], ${list(({ report }) => report.businessKey)}::text[],
        ${list(({ report }) => report.scenario)}::text[], ${list(({ report }) => report.handling)}::text[],
        ${list(({ report }) => report.amountMinor)}::numeric[], ${list(({ report }) => report.currency)}::text[],
        ${list(({ report }) => report.outOfPocket)}::text[],
        ${list(({ report }) => report.occurredAt)}::timestamptz[], ${list(({ state }) => state)}::text[]),
      jsonb_to_recordset(${toJson(sides)}::text::jsonb) AS (facts jsonb, contradictions text[]))
      AS given(fix_code, business_key, scenario, handling, amount_minor, currency, out_of_pocket, occurred_at, state,
        facts, contradictions)
    RETURNING id, fix_code AS "fixCode", business_key AS "businessKey"
  `.execute(tx);
  return made.rows;
}

function reportColumns(report: ProblemReport): Record<string, unknown> {
  return {
    fix_code: report.fixCode,
    business_key: report.businessKey,
    scenario: report.scenario,
    handling: report.handling,
    amount_minor: report.amountMinor,
    currency: report.currency,
    out_of_pocket: report.outOfPocket,
    occurred_at: report.occurredAt,
    facts: report.facts,
    contradictions: report.contradictions,
  };
}

/** A problem that was there already: always seen, and what else the rules say. */
export interface SeenProblem {
  readonly id: string;
  /** False where this command reported it before. */
  readonly countSeen: boolean;
  readonly seenSinceClosed: boolean;
  /** The facts to take and the state to have; null leaves both. */
  readonly refresh: {
    readonly report: ProblemReport;
    readonly state: StoredProblemState;
    readonly stateChangedAt: Date;
    /** Opened again: a new command key, nothing tried yet. */
    readonly reopen: { readonly reopened: boolean; readonly reopenCount: number } | null;
  } | null;
}

export async function updateSeen(
  tx: Tx,
  batch: { commandId: string; at: Date; problems: readonly SeenProblem[] },
): Promise<void> {
  const plain = batch.problems.filter(({ refresh }) => refresh === null);
  const refreshed = batch.problems.filter(({ refresh }) => refresh !== null);
  if (plain.length > 0) {
    const rows = JSON.stringify(
      plain.map((one) => ({ id: one.id, c: one.countSeen ? 1 : 0, s: one.seenSinceClosed })),
    );
    await sql`
      UPDATE piculus.problems p SET last_seen_at = greatest(p.last_seen_at, ${batch.at}::timestamptz),
        seen_count = p.seen_count + given.c, last_command_id = ${batch.commandId}::bigint,
        seen_since_closed = given.s
      FROM jsonb_to_recordset(${rows}::text::jsonb) AS given(id bigint, c integer, s boolean)
      WHERE p.id = given.id
    `.execute(tx);
  }
  if (refreshed.length > 0) await updateRefreshed(tx, batch.commandId, batch.at, refreshed);
}

async function updateRefreshed(
  tx: Tx,
  commandId: string,
  at: Date,
  problems: readonly SeenProblem[],
): Promise<void> {
  const rows = toJson(
    problems.flatMap(({ id, countSeen, refresh }) =>
      refresh === null
        ? []
        : {
            ...reportColumns(refresh.report),
            id,
            c: countSeen ? 1 : 0,
            state: refresh.state,
            state_changed_at: refresh.stateChangedAt,
            opened: refresh.reopen !== null,
            reopened: refresh.reopen?.reopened ?? false,
            reopen_count: refresh.reopen?.reopenCount ?? 0,
          },
    ),
  );
  await sql`
    UPDATE piculus.problems p SET
      scenario = given.scenario, handling = given.handling, amount_minor = given.amount_minor,
      currency = given.currency, out_of_pocket = given.out_of_pocket, occurred_at = given.occurred_at,
      facts = given.facts, contradictions = given.contradictions,
      last_seen_at = greatest(p.last_seen_at, ${at}::timestamptz), seen_count = p.seen_count + given.c,
      last_command_id = ${commandId}::bigint, state = given.state, state_changed_at = given.state_changed_at,
      ready_at = CASE WHEN given.opened THEN ${at}::timestamptz ELSE p.ready_at END,
      reopened = CASE WHEN given.opened THEN given.reopened ELSE p.reopened END,
      reopen_count = CASE WHEN given.opened THEN given.reopen_count ELSE p.reopen_count END,
      attempts = CASE WHEN given.opened THEN 0 ELSE p.attempts END,
      retries_used = CASE WHEN given.opened THEN 0 ELSE p.retries_used END,
      not_yet_since = CASE WHEN given.opened THEN NULL ELSE p.not_yet_since END,
      confirmed_at = NULL, book = 5 - greatest(p.book, 2)
    FROM jsonb_to_recordset(${rows}::text::jsonb) AS given(
      id bigint, c integer, scenario text, handling text, amount_minor numeric(20), currency char(3),
      out_of_pocket text, occurred_at timestamptz, facts jsonb, contradictions text[], state text,
      state_changed_at timestamptz, opened boolean, reopened boolean, reopen_count integer)
    WHERE p.id = given.id
  `.execute(tx);
}

/** A problem as an execution or a person's act leaves it. */
export interface MovedProblem {
  readonly id: string;
  /** The state it must still have; the write does not apply otherwise. */
  readonly from: StoredProblemState;
  readonly state: StoredProblemState;
  readonly stateChangedAt: Date;
  readonly notYetSince: Date | null;
  readonly attempts: number;
  readonly retriesUsed: number;
  readonly reopenCount: number;
  readonly reopened: boolean;
  /** Null leaves the last outcome as it is. */
  readonly outcome: Outcome | null;
  readonly reason: string | null;
}

/** @returns how many were moved: fewer than given where one had another state than it must. */
export async function moveProblems(tx: Tx, at: Date, moves: readonly MovedProblem[]): Promise<number> {
  if (moves.length === 0) return 0;
  const list = (column: (move: MovedProblem) => string | number | boolean | null): string =>
    writeTextList(moves.map(column));
  const done = await sql`
    UPDATE piculus.problems p SET
      state = given.s, state_changed_at = given.c, ready_at = ${at}::timestamptz, not_yet_since = given.n,
      attempts = given.a, retries_used = given.r, reopen_count = given.k, reopened = given.o,
      seen_since_closed = false, confirmed_at = NULL, book = 5 - greatest(p.book, 2),
      last_outcome = coalesce(given.last, p.last_outcome),
      last_reason = CASE WHEN given.last IS NULL THEN p.last_reason ELSE given.why END
    FROM unnest(
      ${list((move) => move.id)}::bigint[], ${list((move) => move.from)}::text[],
      ${list((move) => move.state)}::text[], ${list((move) => isoTime(move.stateChangedAt))}::timestamptz[],
      ${list((move) => move.notYetSince?.toISOString() ?? null)}::timestamptz[],
      ${list((move) => move.attempts)}::integer[], ${list((move) => move.retriesUsed)}::integer[],
      ${list((move) => move.reopenCount)}::integer[], ${list((move) => move.reopened)}::boolean[],
      ${list((move) => move.outcome)}::text[], ${list((move) => move.reason)}::text[])
      AS given(id, f, s, c, n, a, r, k, o, last, why)
    WHERE p.id = given.id AND p.state = given.f
  `.execute(tx);
  return Number(done.numAffectedRows ?? 0n);
}
