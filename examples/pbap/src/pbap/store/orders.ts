/** SQL of pbap.orders. */
import type pg from 'pg';
import type { Executor } from '../../shared/database.ts';

export interface NewOrder {
  readonly orderNo: string;
  readonly type: 'recharge' | 'withdraw';
  readonly booking: 'one-shot' | 'staged';
  readonly accountNo: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly counterparty: string;
}

export interface LockedOrder extends NewOrder {
  readonly status: string;
  readonly version: number;
  readonly repairCommand: string | null;
  readonly repairSince: Date | null;
}

/** @throws a unique violation where the number exists. */
export async function insertOrder(tx: pg.PoolClient, order: NewOrder, now: Date): Promise<void> {
  await tx.query(
    `insert into pbap.orders (order_no, type, booking, account_no, amount_minor, currency, status, counterparty,
       created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, 'PROCESSING', $7, $8, $8)`,
    [
      order.orderNo,
      order.type,
      order.booking,
      order.accountNo,
      order.amountMinor.toString(),
      order.currency,
      order.counterparty,
      now,
    ],
  );
}

interface LockedRow {
  readonly order_no: string;
  readonly type: 'recharge' | 'withdraw';
  readonly booking: 'one-shot' | 'staged';
  readonly account_no: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly counterparty: string;
  readonly status: string;
  readonly version: number;
  readonly repair_command: string | null;
  readonly repair_since: Date | null;
}

/**
 * Locks an order's row until the transaction ends. Whoever changes an order, or sends or books for it, holds
 * this lock first; accounts and the outbox come after it, so that two of them never wait for each other.
 * @param wait `skip`: null as well where somebody else holds it.
 */
export async function lockOrder(
  tx: pg.PoolClient,
  orderNo: string,
  wait: 'wait' | 'skip' = 'wait',
): Promise<LockedOrder | null> {
  const result = await tx.query<LockedRow>(
    `select order_no, type, booking, account_no, amount_minor, currency, counterparty, status, version,
       repair_command, repair_since
     from pbap.orders where order_no = $1 for update ${wait === 'skip' ? 'skip locked' : ''}`,
    [orderNo],
  );
  const row = result.rows[0];
  if (row === undefined) return null;
  return {
    orderNo: row.order_no,
    type: row.type,
    booking: row.booking,
    accountNo: row.account_no,
    amountMinor: BigInt(row.amount_minor),
    currency: row.currency,
    counterparty: row.counterparty,
    status: row.status,
    version: row.version,
    repairCommand: row.repair_command,
    repairSince: row.repair_since,
  };
}

/** Compare-and-set by status and version. @returns whether this call changed it. */
export async function changeStatus(
  tx: pg.PoolClient,
  order: { readonly orderNo: string; readonly status: string; readonly version: number },
  to: string,
  now: Date,
): Promise<boolean> {
  const result = await tx.query(
    `update pbap.orders set status = $4, version = version + 1, updated_at = $5
     where order_no = $1 and status = $2 and version = $3`,
    [order.orderNo, order.status, order.version, to, now],
  );
  return result.rowCount === 1;
}

/** As {@link changeStatus}, and only while this repair has its mark on the order. */
export async function changeStatusUnderRepair(
  tx: pg.PoolClient,
  order: { readonly orderNo: string; readonly status: string; readonly version: number },
  to: string,
  commandKey: string,
  now: Date,
): Promise<boolean> {
  const result = await tx.query(
    `update pbap.orders set status = $4, version = version + 1, updated_at = $6
     where order_no = $1 and status = $2 and version = $3 and repair_command = $5`,
    [order.orderNo, order.status, order.version, to, commandKey, now],
  );
  return result.rowCount === 1;
}

/**
 * Marks an order as under repair, unless another repair has marked it since `staleBefore`.
 * @returns whether the mark is this command's now.
 */
export async function markUnderRepair(
  tx: pg.PoolClient,
  orderNo: string,
  commandKey: string,
  now: Date,
  staleBefore: Date,
): Promise<boolean> {
  const result = await tx.query(
    `update pbap.orders set repair_command = $2, repair_since = $3
     where order_no = $1 and (repair_command is null or repair_command = $2 or repair_since < $4)`,
    [orderNo, commandKey, now, staleBefore],
  );
  return result.rowCount === 1;
}

/** @param since when the mark was taken, which leaves a later one of the same command; null for whichever it is. */
export async function unmarkUnderRepair(
  db: Executor,
  orderNo: string,
  commandKey: string,
  since: Date | null,
): Promise<void> {
  await db.query(
    `update pbap.orders set repair_command = null, repair_since = null
     where order_no = $1 and repair_command = $2 and repair_since = coalesce($3::timestamptz, repair_since)`,
    [orderNo, commandKey, since],
  );
}

/** Orders in flight that were placed between the two times, oldest first, after the one given. */
export async function readInFlight(
  db: Executor,
  from: Date,
  to: Date,
  limit: number,
): Promise<ReadonlyArray<{ readonly order_no: string; readonly request_no: string }>> {
  const result = await db.query<{ order_no: string; request_no: string }>(
    `select o.order_no, b.request_no from pbap.orders o
     join lateral (select request_no from pbap.outbox where order_no = o.order_no order by attempt desc limit 1) b on true
     where o.status = 'PROCESSING' and o.created_at >= $1 and o.created_at < $2
     order by o.created_at, o.order_no limit $3`,
    [from, to, limit],
  );
  return result.rows;
}
