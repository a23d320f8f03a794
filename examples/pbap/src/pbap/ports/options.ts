import type pg from 'pg';
import type { Clock } from '../../shared/clock.ts';
import type { BankClient } from '../bank-client.ts';

/** What the ports are built on. */
export interface PortOptions {
  readonly pool: pg.Pool;
  readonly bank: BankClient;
  readonly clock: Clock;
  /** How long after sending the bank may still answer NOT_FOUND to a number it has; default 5,000. */
  readonly notFoundWindowMs?: number;
  /** How many orders a walk looks at in one statement; default 200,000. */
  readonly pageOrders?: number;
}
