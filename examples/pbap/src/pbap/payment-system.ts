/** PBAP as the repairs see it: every port of a payment system, over PBAP's database and its bank. */
import type { PaymentSystem } from '@piculus/repairs';
import type pg from 'pg';
import { inTransaction } from '../shared/database.ts';
import { bankPort } from './ports/bank.ts';
import { ledgerPort } from './ports/ledger.ts';
import type { PortOptions } from './ports/options.ts';
import { ordersPort } from './ports/orders.ts';
import { decisionsPort, outboxPort, proofsPort } from './ports/records.ts';
import { scanPort } from './ports/scan.ts';

export function createPaymentSystem(options: PortOptions): PaymentSystem<pg.PoolClient> {
  return {
    scan: scanPort(options),
    orders: ordersPort(options),
    ledger: ledgerPort(options),
    bank: bankPort(options),
    outbox: outboxPort(options),
    decisions: decisionsPort(options),
    proofs: proofsPort(options),
    transaction: (work) => inTransaction(options.pool, work),
    now: () => options.clock.now(),
  };
}
