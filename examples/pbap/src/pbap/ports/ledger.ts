import type { Booked, LedgerFacts, LedgerPort, OrderFacts } from '@piculus/repairs';
import type pg from 'pg';
import type { Executor } from '../../shared/database.ts';
import { ledgerFactsOf } from '../facts.ts';
import { credit, release, reserve, reverse, settle } from '../ledger.ts';
import { readLedgerSide } from '../store/order-facts.ts';
import { lockOrder } from '../store/orders.ts';
import type { PortOptions } from './options.ts';

/** The repairs book with the very functions of the normal path, so that their keys cannot differ. */
export function ledgerPort(options: PortOptions): LedgerPort<pg.PoolClient> {
  const { pool, clock } = options;
  /** The order's row is locked before the account's, as everywhere, and must still say what the facts say. */
  const underLock = async (
    tx: pg.PoolClient,
    order: OrderFacts,
    work: () => Promise<Booked>,
  ): Promise<Booked> => {
    const locked = await lockOrder(tx, order.orderNo);
    const same =
      locked !== null &&
      locked.type === order.type &&
      locked.booking === order.booking &&
      locked.accountNo === order.accountNo &&
      locked.amountMinor === order.amountMinor &&
      locked.currency === order.currency;
    return same ? work() : 'conflict';
  };
  const read = async (db: Executor, { orderNo }: OrderFacts): Promise<LedgerFacts> => {
    const row = await readLedgerSide(db, orderNo);
    if (row === null) throw new Error('the order is gone');
    return ledgerFactsOf(row, clock.now());
  };
  return {
    read: (order) => read(pool, order),
    // Every booking locks the order's row before, which this transaction has.
    readIn: read,
    credit: (tx, order) => underLock(tx, order, () => credit(tx, order, clock.now())),
    reserve: (tx, order) => underLock(tx, order, () => reserve(tx, order, clock.now())),
    settle: (tx, order, holdId) => underLock(tx, order, () => settle(tx, order, holdId, clock.now())),
    release: (tx, order, holdId) => underLock(tx, order, () => release(tx, order, holdId, clock.now())),
    reverse: (tx, order, postingId) => underLock(tx, order, () => reverse(tx, order, postingId, clock.now())),
  };
}
