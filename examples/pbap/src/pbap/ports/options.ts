import type pg from 'pg';
import type { Clock } from '../../shared/clock.ts';
import type { BankClient } from '../bank-client.ts';

/** What the ports are built on. */
export interface PortOptions {
  readonly pool: pg.Pool;
  readonly bank: BankClient;
  readonly clock: Clock;
}
