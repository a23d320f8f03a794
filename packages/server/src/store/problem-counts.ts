/** Counts and amounts of problems by state, kept by the deltas of each batch so that no page counts the hot table. */
import { sql } from 'kysely';
import type { Tx } from './database.ts';

/** What a problem is counted under, and how much it adds. */
export interface Counted {
  readonly sysCode: string;
  readonly fixCode: string;
  readonly scenario: string;
  readonly state: string;
  readonly outOfPocket: string;
  readonly currency: string;
  readonly amountMinor: string;
}

/** Collects what a batch moves from one count to another. */
export class CountDeltas {
  readonly #deltas = new Map<string, { row: Counted; problems: number; amount: bigint }>();

  add(row: Counted): void {
    this.#change(row, 1);
  }
  remove(row: Counted): void {
    this.#change(row, -1);
  }

  #change(row: Counted, by: 1 | -1): void {
    const key = [row.sysCode, row.fixCode, row.scenario, row.state, row.outOfPocket, row.currency].join('\n');
    const entry = this.#deltas.get(key) ?? { row, problems: 0, amount: 0n };
    entry.problems += by;
    entry.amount += BigInt(by) * BigInt(row.amountMinor);
    this.#deltas.set(key, entry);
  }

  /** Ordered by key, so that two batches lock the same counts in the same order. */
  rows(): Record<string, unknown>[] {
    return [...this.#deltas.entries()]
      .filter(([, { problems, amount }]) => problems !== 0 || amount !== 0n)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { row, problems, amount }]) => ({
        sys_code: row.sysCode,
        fix_code: row.fixCode,
        scenario: row.scenario,
        state: row.state,
        out_of_pocket: row.outOfPocket,
        currency: row.currency,
        problems,
        amount_minor: amount.toString(),
      }));
  }
}

/** The last statement of its transaction: other batches of the same solution wait for these rows. */
export async function applyCountDeltas(tx: Tx, deltas: CountDeltas): Promise<void> {
  const rows = deltas.rows();
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
