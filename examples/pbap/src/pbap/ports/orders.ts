import type { OrdersPort } from '@piculus/repairs';
import type pg from 'pg';
import { inTransaction } from '../../shared/database.ts';
import { orderFactsOf } from '../facts.ts';
import { staleMarksBefore } from '../repair-mark.ts';
import { readOrderSide } from '../store/order-facts.ts';
import { changeStatusUnderRepair, lockOrder, markUnderRepair, unmarkUnderRepair } from '../store/orders.ts';
import type { PortOptions } from './options.ts';

export function ordersPort(options: PortOptions): OrdersPort<pg.PoolClient> {
  const { pool, clock } = options;
  /** When this process took which mark. A command whose lease it lost may run elsewhere by now, under a later one. */
  const taken = new Map<string, Date>();
  const mark = (orderNo: string, commandKey: string): string => JSON.stringify([orderNo, commandKey]);
  return {
    read: async (orderNo) => {
      const row = await readOrderSide(pool, orderNo);
      return row === null ? null : orderFactsOf(row, clock.now());
    },
    fence: (orderNo, commandKey) =>
      inTransaction(pool, async (tx) => {
        // Waits for whoever of the normal path is in the middle of this order, and then holds all others off.
        if ((await lockOrder(tx, orderNo)) === null) return 'gone';
        const now = clock.now();
        const marked = await markUnderRepair(tx, orderNo, commandKey, now, staleMarksBefore(now));
        if (marked) taken.set(mark(orderNo, commandKey), now);
        return marked ? 'held' : 'held-by-other';
      }),
    unfence: async (orderNo, commandKey) => {
      await unmarkUnderRepair(pool, orderNo, commandKey, taken.get(mark(orderNo, commandKey)) ?? null);
      taken.delete(mark(orderNo, commandKey));
    },
    setStatus: (tx, order, to, commandKey) => changeStatusUnderRepair(tx, order, to, commandKey, clock.now()),
  };
}
