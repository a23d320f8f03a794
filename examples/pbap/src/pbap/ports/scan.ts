import { ORDER_STATUSES, type ScanPort, type Suspects } from '@piculus/repairs';
import { inTransaction } from '../../shared/database.ts';
import { scannedOrderOf, statementFactsOf } from '../facts.ts';
import { importStatement } from '../statement-import.ts';
import { readManyOrderFacts, readStatementSide, scanOrderFacts } from '../store/order-facts.ts';
import { countShown } from '../store/statement.ts';
import { readSuspects } from '../store/suspects.ts';
import type { PortOptions } from './options.ts';

/** How many of the latest settled orders the control looks at. */
const CONTROL_SAMPLE = 1_000;

/** Of how many orders the numbers of suspects are held at a time, and of how many suspects the facts. */
const PAGE_ORDERS = 200_000;
const SUSPECTS_AT_ONCE = 500;

export function scanPort(options: PortOptions): ScanPort {
  const { pool, clock } = options;
  return {
    scan: async (window, filter, after, limit) => {
      const rows = await inTransaction(pool, (tx) =>
        scanOrderFacts(tx, {
          type: filter.type,
          statuses: filter.statuses,
          unknownToo: filter.unknownToo ?? false,
          knownStatuses: ORDER_STATUSES,
          from: window.from,
          to: window.to,
          after,
          limit,
        }),
      );
      const now = clock.now();
      return rows.map((row) => scannedOrderOf(row, now));
    },
    suspects: (window, signal) => suspects(options, window, signal),
    refreshStatement: (signal) => importStatement(options, signal),
    statement: async (orderNo) => {
      const row = await readStatementSide(pool, orderNo);
      return row === null ? null : statementFactsOf(row, clock.now());
    },
    statementControl: (window) => countShown(pool, window, CONTROL_SAMPLE),
  };
}

async function* suspects(
  { pool, clock, pageOrders = PAGE_ORDERS }: PortOptions,
  window: { readonly from: Date; readonly to: Date },
  signal: AbortSignal,
): AsyncGenerator<Suspects> {
  // No number sorts before the empty text, so the start of the window is a cursor like any other.
  let after = { createdAt: window.from, orderNo: '' };
  for (;;) {
    signal.throwIfAborted();
    const query = { to: window.to, after, orders: pageOrders };
    const page = await inTransaction(pool, (tx) => readSuspects(tx, query));
    for (let from = 0; from < page.orderNos.length; from += SUSPECTS_AT_ONCE) {
      signal.throwIfAborted();
      const some = page.orderNos.slice(from, from + SUSPECTS_AT_ONCE);
      const rows = await inTransaction(pool, (tx) => readManyOrderFacts(tx, some));
      const now = clock.now();
      yield { orders: rows.map((row) => scannedOrderOf(row, now)), looked: 0 };
    }
    yield { orders: [], looked: page.looked };
    if (page.last === null) return;
    after = page.last;
  }
}
