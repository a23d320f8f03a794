import { ORDER_STATUSES, type ScanPort } from '@piculus/repairs';
import { inTransaction } from '../../shared/database.ts';
import { scannedOrderOf } from '../facts.ts';
import { importStatement } from '../statement-import.ts';
import { readOrderFacts, scanOrderFacts } from '../store/order-facts.ts';
import { countShown } from '../store/statement.ts';
import type { PortOptions } from './options.ts';

/** How many of the latest settled orders the control looks at. */
const CONTROL_SAMPLE = 1_000;

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
    refreshStatement: (signal) => importStatement(options, signal),
    statement: async (orderNo) => {
      const row = await readOrderFacts(pool, orderNo);
      return row === null ? null : scannedOrderOf(row, clock.now()).statement;
    },
    statementControl: (window) => countShown(pool, window, CONTROL_SAMPLE),
  };
}
