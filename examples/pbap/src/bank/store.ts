/** All SQL of the bank. Functions take the pool or an open transaction. */
import type pg from 'pg';
import type { Executor } from '../shared/database.ts';
import type { RequestState, Submit } from './words.ts';

export interface RequestRow {
  readonly request_no: string;
  readonly order_no: string | null;
  readonly kind: 'collect' | 'payout' | null;
  readonly amount_minor: string | null;
  readonly currency: string | null;
  readonly counterparty: string | null;
  readonly state: RequestState;
  readonly received_at: Date;
  readonly settles_at: Date | null;
  readonly hidden_until: Date | null;
}

const COLUMNS = `request_no, order_no, kind, amount_minor, currency, counterparty, state, received_at,
  settles_at, hidden_until`;

/** @returns the new row, or null where the number is known already. */
export async function insertRequest(
  db: Executor,
  submit: Submit,
  times: { readonly now: Date; readonly settlesAt: Date; readonly hiddenUntil: Date | null },
  callbackUrl: string | null,
): Promise<RequestRow | null> {
  const result = await db.query<RequestRow>(
    `insert into bank.requests (request_no, order_no, kind, amount_minor, currency, counterparty, state,
       received_at, settles_at, hidden_until, callback_url)
     values ($1, $2, $3, $4, $5, $6, 'received', $7, $8, $9, $10)
     on conflict (request_no) do nothing
     returning ${COLUMNS}`,
    [
      submit.requestNo,
      submit.orderNo,
      submit.kind,
      submit.amountMinor,
      submit.currency,
      submit.counterparty,
      times.now,
      times.settlesAt,
      times.hiddenUntil,
      callbackUrl,
    ],
  );
  return result.rows[0] ?? null;
}

export async function readRequest(db: Executor, requestNo: string): Promise<RequestRow | null> {
  const result = await db.query<RequestRow>(`select ${COLUMNS} from bank.requests where request_no = $1`, [
    requestNo,
  ]);
  return result.rows[0] ?? null;
}

export async function lockRequest(tx: pg.PoolClient, requestNo: string): Promise<RequestRow | null> {
  const result = await tx.query<RequestRow>(
    `select ${COLUMNS} from bank.requests where request_no = $1 for update`,
    [requestNo],
  );
  return result.rows[0] ?? null;
}

/** Makes a number that was never seen refused for ever. @returns false where it was seen meanwhile. */
export async function insertTombstone(
  tx: pg.PoolClient,
  requestNo: string,
  orderNo: string | null,
  now: Date,
): Promise<boolean> {
  const result = await tx.query(
    `insert into bank.requests (request_no, order_no, state, received_at, settled_at)
     values ($1, $2, 'closed', $3, $3) on conflict (request_no) do nothing`,
    [requestNo, orderNo, now],
  );
  return result.rowCount === 1;
}

export async function closeRequest(tx: pg.PoolClient, requestNo: string, now: Date): Promise<void> {
  await tx.query(
    `update bank.requests set state = 'closed', settled_at = $2, settles_at = null
     where request_no = $1 and state = 'received'`,
    [requestNo, now],
  );
}

/** Requests that are due to settle, locked; those that somebody else works on are left to him. */
export async function lockDue(tx: pg.PoolClient, now: Date, limit: number): Promise<readonly RequestRow[]> {
  const result = await tx.query<RequestRow>(
    `select ${COLUMNS} from bank.requests where state = 'received' and settles_at <= $1
     order by settles_at limit $2 for update skip locked`,
    [now, limit],
  );
  return result.rows;
}

/**
 * Waits until no other settlement is open and keeps others waiting until this transaction ends, so that line
 * numbers follow the order of commits.
 */
export async function lockMovementsToWrite(tx: pg.PoolClient): Promise<void> {
  await tx.query('lock table bank.movements in share row exclusive mode');
}

/** Waits until no settlement is open, so that what is read now is all there is until now. */
export async function lockMovementsToRead(tx: pg.PoolClient): Promise<void> {
  await tx.query('lock table bank.movements in share mode');
}

/** Settles or fails locked requests: state, movement and the callback that is due, in one statement each. */
export async function finishRequests(
  tx: pg.PoolClient,
  requestNos: readonly string[],
  state: 'settled' | 'failed',
  now: Date,
): Promise<void> {
  if (requestNos.length === 0) return;
  await tx.query(
    `update bank.requests set state = $2, settled_at = $3, settles_at = null,
       callback_due = case when callback_url is null then null else $3::timestamptz end
     where request_no = any($1::text[]) and state = 'received'`,
    [requestNos, state, now],
  );
  if (state === 'failed') return;
  await tx.query(
    `insert into bank.movements (request_no, order_no, kind, amount_minor, currency, booked_at)
     select request_no, order_no, kind, amount_minor, currency, $2 from bank.requests
     where request_no = any($1::text[]) order by request_no`,
    [requestNos, now],
  );
}

export interface MovementRow {
  readonly line_no: string;
  readonly request_no: string;
  readonly order_no: string;
  readonly kind: 'collect' | 'payout' | 'return' | 'refund';
  readonly amount_minor: string;
  readonly currency: string;
  readonly booked_at: Date;
}

export async function readMovements(
  db: Executor,
  after: string,
  limit: number,
): Promise<readonly MovementRow[]> {
  const result = await db.query<MovementRow>(
    `select line_no, request_no, order_no, kind, amount_minor, currency, booked_at
     from bank.movements where line_no > $1 order by line_no limit $2`,
    [after, limit],
  );
  return result.rows;
}

/** A payout that came back, or a collect that was given back: a further movement. @returns whether it was settled. */
export async function giveBack(tx: pg.PoolClient, requestNo: string, now: Date): Promise<boolean> {
  const result = await tx.query(
    `with given as (
       update bank.requests set state = case kind when 'payout' then 'returned' else 'refunded' end
       where request_no = $1 and state = 'settled'
       returning request_no, order_no, kind, amount_minor, currency)
     insert into bank.movements (request_no, order_no, kind, amount_minor, currency, booked_at)
     select request_no, order_no, case kind when 'payout' then 'return' else 'refund' end, amount_minor, currency, $2
     from given`,
    [requestNo, now],
  );
  return result.rowCount === 1;
}

export interface DueCallback {
  readonly request_no: string;
  readonly order_no: string;
  readonly state: RequestState;
  readonly callback_url: string;
  readonly callback_tries: number;
}

export async function readDueCallbacks(
  db: Executor,
  now: Date,
  limit: number,
): Promise<readonly DueCallback[]> {
  const result = await db.query<DueCallback>(
    `select request_no, order_no, state, callback_url, callback_tries from bank.requests
     where callback_due <= $1 order by callback_due limit $2`,
    [now, limit],
  );
  return result.rows;
}

/** @param next when to call again, null to call no more. */
export async function callbackTried(db: Executor, requestNo: string, next: Date | null): Promise<void> {
  await db.query(
    'update bank.requests set callback_due = $2, callback_tries = callback_tries + 1 where request_no = $1',
    [requestNo, next],
  );
}

/** When the next request settles and the next callback is due. */
export async function nextDue(
  db: Executor,
): Promise<{ readonly settle: Date | null; readonly call: Date | null }> {
  const result = await db.query<{ settle: Date | null; call: Date | null }>(
    `select (select min(settles_at) from bank.requests where state = 'received') as settle,
            (select min(callback_due) from bank.requests where callback_due is not null) as call`,
  );
  return result.rows[0] ?? { settle: null, call: null };
}
