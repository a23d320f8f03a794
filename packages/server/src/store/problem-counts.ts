/**
 * The books that a batch of problems keeps: counts by state, ages, who waits for a person, what executions came
 * to. All are kept together in the transaction of the change, so that no page counts the hot tables.
 */
import { type Outcome, OUTCOMES, type StoredProblemState } from '@piculus/protocol';
import { sql } from 'kysely';
import { startOf } from '../base/slots.ts';
import { AttentionDeltas, keepAttention } from './attention.ts';
import type { Tx } from './database.ts';
import { keepExecutionCounts } from './execution-counts.ts';
import { keepProblemAges } from './problem-ages.ts';
import { BlockDeltas, keepProblemBlocks } from './problem-blocks.ts';
import { keepReportCounts } from './report-counts.ts';
import { Sums } from './sums.ts';

/** What a problem is counted under, and how much it adds. */
export interface Counted {
  readonly id: string;
  readonly sysCode: string;
  readonly fixCode: string;
  readonly scenario: string;
  readonly state: StoredProblemState;
  readonly reopened: boolean;
  readonly outOfPocket: string;
  readonly currency: string;
  readonly amountMinor: string;
  readonly firstSeenAt: Date;
}

/** What executions that were answered together have in common, as the books know it. */
export interface CountedBatch {
  readonly sysCode: string;
  readonly fixCode: string;
  readonly finishedAt: Date;
}

/** An execution as the books know it. */
export interface CountedExecution {
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly stateAfter: StoredProblemState;
}

/** What the breakers judge is counted under this. */
export interface CountedReport {
  readonly sysCode: string;
  readonly fixCode: string;
  readonly at: Date;
}

const PERSON_STATES: ReadonlySet<StoredProblemState> = new Set(['exhausted', 'needs-human']);
const isCountedByAge = ({ state }: Counted): boolean => state === 'pending' || PERSON_STATES.has(state);

/** Collects what a batch moves from one count to another. */
export class CountDeltas {
  readonly counts = new Sums(
    ['sys_code', 'fix_code', 'scenario', 'state', 'out_of_pocket', 'currency'],
    ['problems', 'amount_minor'],
  );
  readonly ages = new Sums(['slot', 'sys_code', 'currency'], ['problems', 'amount_minor']);
  readonly executions = new Sums(
    ['slot', 'sys_code', 'fix_code', 'outcome'],
    ['executions', 'to_person', 'retries_used'],
  );
  readonly reports = new Sums(['slot', 'sys_code', 'fix_code'], ['reports', 'contradictions']);
  readonly attention = new AttentionDeltas();
  /** Most of a batch falls into few slots, and writing a time as text is dear. */
  readonly #slots = new Map<number, string>();
  readonly blocks = new BlockDeltas();

  add(row: Counted): void {
    this.#change(row, 1n);
    this.blocks.change(row, 1);
    this.attention.add(row.id, waitsForPerson(row) ? row : null);
  }
  remove(row: Counted): void {
    this.#change(row, -1n);
    this.blocks.change(row, -1);
    this.attention.remove(row.id, waitsForPerson(row) ? row : null);
  }
  /** As `remove` and `add` of it with what has changed. */
  move(row: Counted, to: Pick<Counted, 'state' | 'reopened'>): void {
    this.remove(row);
    this.add({
      id: row.id,
      sysCode: row.sysCode,
      fixCode: row.fixCode,
      scenario: row.scenario,
      state: to.state,
      reopened: to.reopened,
      outOfPocket: row.outOfPocket,
      currency: row.currency,
      amountMinor: row.amountMinor,
      firstSeenAt: row.firstSeenAt,
    });
  }
  executed(
    { sysCode, fixCode, finishedAt }: CountedBatch,
    { attempt, outcome, stateAfter }: CountedExecution,
  ): void {
    this.executions.change(
      [this.#slot(finishedAt), sysCode, fixCode, outcome],
      [1n, PERSON_STATES.has(stateAfter) ? 1n : 0n, attempt > 1 && OUTCOMES[outcome].usesRetry ? 1n : 0n],
    );
  }

  /** A problem that is new, or opened again. */
  reported({ sysCode, fixCode, at }: CountedReport): void {
    this.reports.change([this.#slot(at), sysCode, fixCode], [1n, 0n]);
  }
  /** A client's answer that was not true. */
  contradicted({ sysCode, fixCode, at }: CountedReport, problems = 1): void {
    this.reports.change([this.#slot(at), sysCode, fixCode], [0n, BigInt(problems)]);
  }

  #change(row: Counted, by: 1n | -1n): void {
    const { sysCode, currency } = row;
    const change = [by, by * BigInt(row.amountMinor)];
    this.counts.change([sysCode, row.fixCode, row.scenario, row.state, row.outOfPocket, currency], change);
    if (isCountedByAge(row)) this.ages.change([this.#slot(row.firstSeenAt), sysCode, currency], change);
  }

  #slot(at: Date): string {
    const start = startOf(at);
    const known = this.#slots.get(start.getTime());
    if (known !== undefined) return known;
    const text = start.toISOString();
    this.#slots.set(start.getTime(), text);
    return text;
  }
}

/** By its own state; a pending one may also wait for a click, which its solution says. */
function waitsForPerson({ state, reopened }: Counted): boolean {
  return PERSON_STATES.has(state) || reopened;
}

/**
 * The last statements of their transaction: other batches of the same solution wait for these rows. Every batch
 * locks the books in this order, and the counts, which most batches share, for the shortest time.
 */
export async function applyCountDeltas(tx: Tx, deltas: CountDeltas): Promise<void> {
  // Sent together, done in this order, so that two who change the same rows cannot hold each other up.
  await Promise.all([
    keepAttention(tx, deltas.attention),
    keepProblemBlocks(tx, deltas.blocks),
    keepProblemAges(tx, deltas.ages.rows()),
    keepExecutionCounts(tx, deltas.executions.rows()),
    keepReportCounts(tx, deltas.reports.rows()),
    keepProblemCounts(tx, deltas.counts.rows()),
  ]);
}

async function keepProblemCounts(tx: Tx, rows: readonly Record<string, string>[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    INSERT INTO piculus.problem_counts AS c
      (sys_code, fix_code, scenario, state, out_of_pocket, currency, problems, amount_minor)
    SELECT sys_code, fix_code, scenario, state, out_of_pocket, currency, problems, amount_minor
    FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS (
      sys_code text, fix_code text, scenario text, state text, out_of_pocket text, currency char(3),
      problems bigint, amount_minor numeric(30))) WITH ORDINALITY AS given(
      sys_code, fix_code, scenario, state, out_of_pocket, currency, problems, amount_minor, place)
    ORDER BY place
    ON CONFLICT (sys_code, fix_code, scenario, state, out_of_pocket, currency) DO UPDATE SET
      problems = c.problems + excluded.problems, amount_minor = c.amount_minor + excluded.amount_minor
  `.execute(tx);
}
