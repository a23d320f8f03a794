/**
 * Where problems of a kind and state lie, by blocks of ids, and how large the pending ones are: kept by the deltas of
 * each batch, so that filtered lists and figures need not walk over the hot table.
 */
import type { StoredProblemState } from '@piculus/protocol';
import { sql } from 'kysely';
import type { Tx } from './database.ts';

/** Ids in a block: few enough that opening one is cheap, enough that a batch touches few. */
export const BLOCK_IDS = 256;

/** What the books know of a problem. */
export interface Placed {
  readonly id: string;
  readonly sysCode: string;
  readonly fixCode: string;
  readonly scenario: string;
  readonly state: StoredProblemState;
  readonly currency: string;
  readonly amountMinor: string;
  readonly firstSeenAt: Date;
}

interface Block {
  readonly b: number;
  readonly s: string;
  readonly f: string;
  readonly c: string;
  readonly t: string;
  n: number;
  from: number;
  to: number;
}
interface PendingAmount {
  readonly s: string;
  readonly f: string;
  readonly c: string;
  readonly u: string;
  readonly a: string;
  n: number;
}

/** The amount rounded up to one digit that is not zero; as piculus.amount_step does. */
export function amountStep(amountMinor: string): string {
  const digits = amountMinor.startsWith('-') ? amountMinor.slice(1) : amountMinor;
  if (/^.0*$/.test(digits)) return digits;
  return `${Number(digits[0]) + 1}${'0'.repeat(digits.length - 1)}`;
}

/** Collects what a batch moves in both books. */
export class BlockDeltas {
  readonly #blocks = new Map<string, Block>();
  readonly #amounts = new Map<string, PendingAmount>();

  change(row: Placed, by: 1 | -1): void {
    const { sysCode, fixCode, scenario, state } = row;
    const block = Math.floor(Number(row.id) / BLOCK_IDS);
    const kind = `${sysCode}\n${fixCode}\n${scenario}`;
    const seen = row.firstSeenAt.getTime();
    const name = `${block}\n${kind}\n${state}`;
    const known = this.#blocks.get(name);
    if (known === undefined) {
      const place = { b: block, s: sysCode, f: fixCode, c: scenario, t: state };
      this.#blocks.set(name, { ...place, n: by, from: seen, to: seen });
    } else {
      known.n += by;
      known.from = Math.min(known.from, seen);
      known.to = Math.max(known.to, seen);
    }
    if (state === 'pending') this.#changeAmount(row, kind, by);
  }

  #changeAmount({ sysCode, fixCode, scenario, currency, amountMinor }: Placed, kind: string, by: number) {
    const step = amountStep(amountMinor);
    const name = `${kind}\n${currency}\n${step}`;
    const known = this.#amounts.get(name);
    if (known === undefined)
      this.#amounts.set(name, { s: sysCode, f: fixCode, c: scenario, u: currency, a: step, n: by });
    else known.n += by;
  }

  /** Ordered by key, so that two batches lock the same rows in the same order. */
  blocks() {
    const changed = ordered(this.#blocks);
    return changed.map((one) => ({
      ...one,
      from: new Date(one.from).toISOString(),
      to: new Date(one.to).toISOString(),
    }));
  }
  amounts(): readonly PendingAmount[] {
    return ordered(this.#amounts);
  }
}

function ordered<T extends { readonly n: number }>(rows: ReadonlyMap<string, T>): T[] {
  return [...rows]
    .filter(([, { n }]) => n !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row);
}

/** One statement for both, because small batches come often. */
export async function keepProblemBlocks(tx: Tx, deltas: BlockDeltas): Promise<void> {
  const blocks = deltas.blocks();
  const amounts = deltas.amounts();
  if (blocks.length === 0 && amounts.length === 0) return;
  await sql`
    WITH placed AS (
      INSERT INTO piculus.problem_blocks AS b
        (block, sys_code, fix_code, scenario, state, problems, first_seen_from, first_seen_to)
      SELECT b, s, f, c, t, n, "from", "to"
      FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(blocks)}::text::jsonb) AS (
        b bigint, s text, f text, c text, t text, n bigint, "from" timestamptz, "to" timestamptz))
        WITH ORDINALITY AS given(b, s, f, c, t, n, "from", "to", place)
      ORDER BY place
      ON CONFLICT (block, sys_code, fix_code, scenario, state) DO UPDATE SET problems = b.problems + excluded.problems,
        first_seen_from = least(b.first_seen_from, excluded.first_seen_from),
        first_seen_to = greatest(b.first_seen_to, excluded.first_seen_to))
    INSERT INTO piculus.pending_amounts AS a (sys_code, fix_code, scenario, currency, amount_step, problems)
    SELECT s, f, c, u, a, n
    FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(amounts)}::text::jsonb) AS (
      s text, f text, c text, u char(3), a numeric(21), n bigint)) WITH ORDINALITY AS given(s, f, c, u, a, n, place)
    ORDER BY place
    ON CONFLICT (sys_code, fix_code, scenario, currency, amount_step)
      DO UPDATE SET problems = a.problems + excluded.problems`.execute(tx);
}
