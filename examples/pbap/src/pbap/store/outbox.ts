/** SQL of pbap.outbox, our own record of what was sent to the bank. */
import type pg from 'pg';
import type { Executor } from '../../shared/database.ts';

export type OutboxState = 'queued' | 'sending' | 'sent' | 'stopped';

export interface OutboxRow {
  readonly request_no: string;
  readonly order_no: string;
  readonly attempt: number;
  readonly kind: 'collect' | 'payout';
  readonly amount_minor: string;
  readonly currency: string;
  readonly counterparty: string;
  readonly state: OutboxState;
  readonly answer: string | null;
  readonly sent_at: Date | null;
}

export interface NewRequest {
  readonly requestNo: string;
  readonly orderNo: string;
  readonly attempt: number;
  readonly kind: 'collect' | 'payout';
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly counterparty: string;
}

const COLUMNS = `request_no, order_no, attempt, kind, amount_minor, currency, counterparty, state, answer, sent_at`;

export async function queueRequest(tx: pg.PoolClient, request: NewRequest, now: Date): Promise<void> {
  await tx.query(
    `insert into pbap.outbox (request_no, order_no, attempt, kind, amount_minor, currency, counterparty, state, queued_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'queued', $8)`,
    [...valuesOf(request), now],
  );
}

/**
 * Records that a repair is about to send this number itself. The row is `sending` at once: the sender never
 * takes it while the repair has its mark on the order.
 * @returns false where the number is there with other content; then nothing was changed.
 */
export async function intendRequest(tx: pg.PoolClient, request: NewRequest, now: Date): Promise<boolean> {
  const result = await tx.query(
    `insert into pbap.outbox (request_no, order_no, attempt, kind, amount_minor, currency, counterparty, state,
       queued_at, sent_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'sending', $8, $8)
     on conflict (request_no) do update set state = 'sending', sent_at = excluded.sent_at
       where outbox.order_no = excluded.order_no and outbox.attempt = excluded.attempt
         and outbox.kind = excluded.kind and outbox.amount_minor = excluded.amount_minor
         and outbox.currency = excluded.currency and outbox.counterparty = excluded.counterparty`,
    [...valuesOf(request), now],
  );
  return result.rowCount === 1;
}

function valuesOf(request: NewRequest): readonly unknown[] {
  const { requestNo, orderNo, attempt, kind, amountMinor, currency, counterparty } = request;
  return [requestNo, orderNo, attempt, kind, amountMinor.toString(), currency, counterparty];
}

export async function readRequestsOf(db: Executor, orderNo: string): Promise<readonly OutboxRow[]> {
  const result = await db.query<OutboxRow>(
    `select ${COLUMNS} from pbap.outbox where order_no = $1 order by attempt`,
    [orderNo],
  );
  return result.rows;
}

export async function readOutboxRequest(db: Executor, requestNo: string): Promise<OutboxRow | null> {
  const result = await db.query<OutboxRow>(`select ${COLUMNS} from pbap.outbox where request_no = $1`, [
    requestNo,
  ]);
  return result.rows[0] ?? null;
}

export interface WaitingWindow {
  /** A row that was taken before this without an answer since was probably lost with its sender. */
  readonly takenBefore: Date;
  /** Rows queued before this are given up; they are left as they are, for a person or a repair. */
  readonly queuedAfter: Date;
}

/** Numbers that wait to be sent, or whose sending was cut, oldest first. Nothing is locked. */
export async function readWaiting(
  db: Executor,
  window: WaitingWindow,
  limit: number,
): Promise<readonly string[]> {
  const result = await db.query<{ request_no: string }>(
    `select request_no from pbap.outbox
     where (state = 'queued' or (state = 'sending' and sent_at < $1)) and queued_at > $2
     order by queued_at, request_no limit $3`,
    [window.takenBefore, window.queuedAfter, limit],
  );
  return result.rows.map((row) => row.request_no);
}

/** Takes a number for sending, under the lock of its order. Null where it is not to be sent any more. */
export async function takeRequest(
  tx: pg.PoolClient,
  requestNo: string,
  takenBefore: Date,
  now: Date,
): Promise<OutboxRow | null> {
  const result = await tx.query<OutboxRow>(
    `update pbap.outbox set state = 'sending', sent_at = $3
     where request_no = $1 and (state = 'queued' or (state = 'sending' and sent_at < $2))
     returning ${COLUMNS}`,
    [requestNo, takenBefore, now],
  );
  return result.rows[0] ?? null;
}

/** Stops a queued number for good. @returns false where it may have left already. */
export async function stopRequest(tx: pg.PoolClient, requestNo: string): Promise<boolean> {
  const result = await tx.query(
    `update pbap.outbox set state = 'stopped' where request_no = $1 and state in ('queued', 'stopped')`,
    [requestNo],
  );
  return result.rowCount === 1;
}

/** Stores what the bank said. `arrived`: the bank has the number, so it need not be sent again. */
export async function storeAnswer(
  db: Executor,
  requestNo: string,
  answer: string,
  arrived: boolean,
  now: Date,
): Promise<void> {
  await db.query(
    `update pbap.outbox set answer = $2, answered_at = $4,
       state = case when $3::boolean and state = 'sending' then 'sent' else state end
     where request_no = $1`,
    [requestNo, answer, arrived, now],
  );
}
