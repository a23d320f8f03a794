/**
 * The timeout job: asks the bank about orders that stay in flight. It obeys the finality rules: only an
 * explicit end ends an order, NOT_FOUND and silence never do. Orders beyond its window are left to collect and
 * repair.
 */
import type pg from 'pg';
import type { Clock } from '../shared/clock.ts';
import type { BankClient } from './bank-client.ts';
import { finishByAnswer } from './normal-path.ts';
import { readInFlight } from './store/orders.ts';

export interface TimeoutJobOptions {
  readonly pool: pg.Pool;
  readonly bank: BankClient;
  readonly clock: Clock;
  /** Orders younger than this are left to the callback. */
  readonly fromAgeMs: number;
  /** Orders older than this are not asked about any more. */
  readonly toAgeMs: number;
}

const BATCH = 50;

/** Asks once about every order in the job's window. @returns how many it ended. */
export async function askAboutInFlight(options: TimeoutJobOptions, signal: AbortSignal): Promise<number> {
  const { pool, bank, clock, fromAgeMs, toAgeMs } = options;
  const now = clock.now().getTime();
  const rows = await readInFlight(pool, new Date(now - toAgeMs), new Date(now - fromAgeMs), BATCH);
  let ended = 0;
  for (const row of rows) {
    if (signal.aborted) break;
    const answer = await bank.query(row.request_no, signal);
    if ((await finishByAnswer(pool, row.request_no, answer, clock.now())) === 'taken') ended += 1;
  }
  return ended;
}
