/** The sender: takes what is queued, marks it as sending, calls the bank outside any transaction, stores the answer. */
import type pg from 'pg';
import type { Clock } from '../shared/clock.ts';
import { inTransaction } from '../shared/database.ts';
import type { BankClient } from './bank-client.ts';
import { finishByAnswer } from './normal-path.ts';
import { isUnderRepair } from './repair-mark.ts';
import { lockOrder } from './store/orders.ts';
import {
  type OutboxRow,
  readOutboxRequest,
  readWaiting,
  stopRequest,
  storeAnswer,
  takeRequest,
} from './store/outbox.ts';

export interface SenderOptions {
  readonly pool: pg.Pool;
  readonly bank: BankClient;
  readonly clock: Clock;
  /** Where the bank calls back; null for no callbacks. */
  readonly callbackUrl: string | null;
}

const BATCH = 20;
/** A row that was taken so long ago without an answer was cut; the same number is sent again. */
const CUT_AFTER_MS = 30_000;
/** Older than this the sender gives up; collect and repair, or a person, decide. */
const GIVE_UP_AFTER_MS = 15 * 60_000;

/** Sends one batch. @returns how many were taken. */
export async function sendQueued(options: SenderOptions, signal: AbortSignal): Promise<number> {
  const now = options.clock.now().getTime();
  const window = { takenBefore: new Date(now - CUT_AFTER_MS), queuedAfter: new Date(now - GIVE_UP_AFTER_MS) };
  const waiting = await readWaiting(options.pool, window, BATCH);
  let sent = 0;
  for (const requestNo of waiting) {
    if (signal.aborted) break;
    const taken = await take(options, requestNo, window.takenBefore);
    if (taken === null) continue;
    sent += 1;
    await send(options, taken, signal);
  }
  return sent;
}

/** Under the order's lock: nothing is sent for an order that a repair has, or that is over. */
async function take(options: SenderOptions, requestNo: string, takenBefore: Date): Promise<OutboxRow | null> {
  const { pool, clock } = options;
  const request = await readOutboxRequest(pool, requestNo);
  if (request === null) return null;
  return inTransaction(pool, async (tx) => {
    const order = await lockOrder(tx, request.order_no, 'skip');
    if (order === null || isUnderRepair(order, clock.now())) return null;
    if (order.status !== 'PROCESSING') {
      await stopRequest(tx, requestNo);
      return null;
    }
    return takeRequest(tx, requestNo, takenBefore, clock.now());
  });
}

async function send(options: SenderOptions, row: OutboxRow, signal: AbortSignal): Promise<void> {
  const { pool, bank, clock, callbackUrl } = options;
  const answer = await bank.submit(
    {
      requestNo: row.request_no,
      orderNo: row.order_no,
      kind: row.kind,
      amountMinor: row.amount_minor,
      currency: row.currency,
      counterparty: row.counterparty,
      ...(callbackUrl === null ? {} : { callbackUrl }),
    },
    signal,
  );
  // An answer that says nothing certain leaves the row as it is: the same number is sent again later.
  const arrived = answer.code !== 'UNCLEAR' && answer.code !== 'NOT_FOUND';
  await storeAnswer(pool, row.request_no, answer.code, arrived, clock.now());
  if (answer.code === 'PAID' || answer.code === 'FAILED' || answer.code === 'CLOSED') {
    await finishByAnswer(pool, row.request_no, answer, clock.now());
  }
}
