/** The bank's work: take a request, answer about it, close it, settle what is due, show the statement. */
import type pg from 'pg';
import type { Clock } from '../shared/clock.ts';
import { inTransaction } from '../shared/database.ts';
import type { Behaviour } from './profile.ts';
import {
  closeRequest,
  finishRequests,
  giveBack,
  insertRequest,
  insertTombstone,
  lockDue,
  lockMovementsToRead,
  lockMovementsToWrite,
  lockRequest,
  type RequestRow,
  readMovements,
  readRequest,
} from './store.ts';
import { ANSWERS, type RequestAnswer, type StatementPage, type Submit } from './words.ts';

/** Payments to or from such a counterparty are refused by the bank: an explicit failure. */
export const CLOSED_COUNTERPARTY_PREFIX = 'CLOSED-';
const SETTLE_BATCH = 200;

export type Submitted = RequestAnswer | 'content-differs';

export interface Bank {
  /** Idempotent by number: same number and content gives the recorded state, other content is refused. */
  submit(submit: Submit): Promise<Submitted>;
  /** @returns null where the bank shows nothing for the number (which does not mean that it never will). */
  query(requestNo: string): Promise<RequestAnswer | null>;
  /** CLOSED, or what it is instead. Serialised with settlement by the row's lock. */
  close(requestNo: string, orderNo: string | null): Promise<RequestAnswer>;
  statement(after: string, limit: number): Promise<StatementPage>;
  /** Settles one batch of due requests. @returns how many. */
  settleDue(): Promise<number>;
  /** The payee's bank sends a payout back, or a payer gets a refund. @returns false where it is not settled. */
  giveBack(requestNo: string): Promise<boolean>;
}

export interface BankOptions {
  readonly pool: pg.Pool;
  readonly clock: Clock;
  readonly behaviour: Behaviour;
  readonly callbackUrl?: string | undefined;
}

const laterBy = (at: Date, ms: number): Date => new Date(at.getTime() + ms);

function answerOf(row: RequestRow, word: RequestAnswer['state'] = ANSWERS[row.state]): RequestAnswer {
  return {
    requestNo: row.request_no,
    state: word,
    amountMinor: row.amount_minor,
    currency: row.currency,
    receivedAt: row.received_at.toISOString(),
  };
}

function sameContent(row: RequestRow, submit: Submit): boolean {
  return (
    row.order_no === submit.orderNo &&
    row.kind === submit.kind &&
    row.amount_minor === submit.amountMinor &&
    row.currency === submit.currency &&
    row.counterparty === submit.counterparty
  );
}

export function createBank(options: BankOptions): Bank {
  const { pool, clock, behaviour, callbackUrl } = options;
  const isHidden = (row: RequestRow): boolean => row.hidden_until !== null && row.hidden_until > clock.now();

  return {
    submit: async (submit) => {
      const now = clock.now();
      const { hiddenMs, settleMs } = behaviour.times(submit.requestNo);
      const times = {
        now,
        settlesAt: laterBy(now, settleMs),
        hiddenUntil: hiddenMs > 0 ? laterBy(now, hiddenMs) : null,
      };
      const inserted = await insertRequest(pool, submit, times, submit.callbackUrl ?? callbackUrl ?? null);
      if (inserted) return answerOf(inserted);
      const known = await readRequest(pool, submit.requestNo);
      if (known === null) throw new Error('a request that is there cannot be read');
      // A tombstone has no content to compare: the number is refused, whatever comes with it.
      if (known.kind !== null && !sameContent(known, submit)) return 'content-differs';
      return isHidden(known) ? answerOf(known, 'PROCESSING') : answerOf(known);
    },

    query: async (requestNo) => {
      const row = await readRequest(pool, requestNo);
      return row === null || isHidden(row) ? null : answerOf(row);
    },

    close: (requestNo, orderNo) =>
      inTransaction(pool, async (tx) => {
        const now = clock.now();
        await insertTombstone(tx, requestNo, orderNo, now);
        const row = await lockRequest(tx, requestNo);
        if (row === null) throw new Error('a request that is there cannot be locked');
        if (isHidden(row)) return answerOf(row, 'PROCESSING');
        if (row.state !== 'received') return answerOf(row);
        if (row.settles_at !== null && row.settles_at <= now) {
          // Settlement is due and only waits for its turn: the close comes too late.
          return answerOf(await settle(tx, [row], requestNo, clock));
        }
        await closeRequest(tx, requestNo, now);
        return answerOf({ ...row, state: 'closed' });
      }),

    statement: (after, limit) =>
      inTransaction(pool, async (tx) => {
        await lockMovementsToRead(tx);
        const reachesTo = clock.now();
        const rows = await readMovements(tx, after, limit);
        return {
          lines: rows.map((row) => ({
            lineNo: row.line_no,
            requestNo: row.request_no,
            orderNo: row.order_no,
            kind: row.kind,
            amountMinor: row.amount_minor,
            currency: row.currency,
            bookedAt: row.booked_at.toISOString(),
          })),
          reachesTo: rows.length < limit ? reachesTo.toISOString() : null,
        };
      }),

    settleDue: () =>
      inTransaction(pool, async (tx) => {
        const due = await lockDue(tx, clock.now(), SETTLE_BATCH);
        if (due.length > 0) await settleAll(tx, due, clock);
        return due.length;
      }),

    giveBack: (requestNo) =>
      inTransaction(pool, async (tx) => {
        await lockRequest(tx, requestNo);
        await lockMovementsToWrite(tx);
        return giveBack(tx, requestNo, clock.now());
      }),
  };
}

async function settleAll(tx: pg.PoolClient, rows: readonly RequestRow[], clock: Clock): Promise<void> {
  await lockMovementsToWrite(tx);
  // The time is read under the lock, so that booking times follow line numbers.
  const now = clock.now();
  const fails = (row: RequestRow): boolean =>
    row.counterparty?.startsWith(CLOSED_COUNTERPARTY_PREFIX) ?? false;
  const numbers = (wanted: boolean): string[] =>
    rows.filter((row) => fails(row) === wanted).map((row) => row.request_no);
  await finishRequests(tx, numbers(true), 'failed', now);
  await finishRequests(tx, numbers(false), 'settled', now);
}

async function settle(
  tx: pg.PoolClient,
  rows: readonly RequestRow[],
  requestNo: string,
  clock: Clock,
): Promise<RequestRow> {
  await settleAll(tx, rows, clock);
  const row = await readRequest(tx, requestNo);
  if (row === null) throw new Error('a settled request cannot be read');
  return row;
}
