/** A small production system: accounts, orders and postings, with a fix that credits and then sets the status. */
import type { Facts, PlanStep } from '@piculus/protocol';
import type pg from 'pg';
import { type Collector, defineFix, type Fix, type FoundProblem } from '../../src/index.ts';
import { inTransaction } from './transaction.ts';

export const FIX_CODE = 'interRechargeFixServiceImpl';

export async function createAccounts(pool: pg.Pool, orders: number): Promise<string[]> {
  await pool.query(`
    CREATE TABLE accounts (account_no text PRIMARY KEY, balance bigint NOT NULL);
    CREATE TABLE orders (order_no text PRIMARY KEY, account_no text NOT NULL, amount bigint NOT NULL, status text NOT NULL, version int NOT NULL DEFAULT 1);
    CREATE TABLE postings (effect_key text PRIMARY KEY, order_no text NOT NULL, amount bigint NOT NULL);
    INSERT INTO accounts SELECT 'A' || n, 0 FROM generate_series(1, 10) n;`);
  const { rows } = await pool.query<{ order_no: string }>(
    `INSERT INTO orders SELECT 'R' || n, 'A' || (1 + n % 10), n, 'PROCESSING' FROM generate_series(1, $1::int) n RETURNING order_no`,
    [orders],
  );
  return rows.map((row) => row.order_no);
}

export interface Evidence {
  readonly accountNo: string;
  readonly amount: string;
  readonly status: string;
  readonly version: number;
  readonly credited: boolean;
}

export interface AccountsOptions {
  /** Called at every named point; throws where the process is to die there. */
  reached?(point: string): void;
}

export function creditFix(
  pool: pg.Pool,
  options: AccountsOptions = {},
): Fix<Evidence, PlanStep, pg.PoolClient> {
  const reached = options.reached ?? (() => {});
  return defineFix<Evidence, PlanStep, pg.PoolClient>({
    fixCode: FIX_CODE,
    async examine({ businessKey }) {
      reached('examine');
      const { rows } = await pool.query(
        `SELECT o.account_no AS "accountNo", o.amount::text AS amount, o.status, o.version,
           EXISTS (SELECT FROM postings p WHERE p.effect_key = 'credit:' || o.order_no) AS credited
         FROM orders o WHERE o.order_no = $1`,
        [businessKey],
      );
      return rows[0];
    },
    facts: (evidence) => factsOf(evidence.status, evidence.credited ? 'credited' : 'none'),
    plan({ businessKey }, { credited, status, amount }) {
      const step = (kind: 'credit' | 'status', key: string, amountMinor: string): PlanStep => ({
        kind,
        key,
        amountMinor,
        currency: 'CNY',
        text: { en: kind, zh: kind },
      });
      const setStatus = step('status', `status:${businessKey}:SUCCESS`, '0');
      const reason = `${businessKey} is ${status} and ${credited ? 'credited' : 'not credited'}`;
      if (!credited)
        return {
          verdict: 'act',
          scenario: 'C5',
          steps: [step('credit', `credit:${businessKey}`, amount), setStatus],
          reason,
        };
      if (status !== 'SUCCESS') return { verdict: 'act', scenario: 'S1', steps: [setStatus], reason };
      return { verdict: 'already-right', scenario: null, reason };
    },
    async apply(step, evidence, context) {
      const { businessKey } = context.command;
      reached(`before ${step.kind}`);
      await inTransaction(pool, async (tx) => {
        const changed =
          step.kind === 'credit'
            ? await credit(tx, step.key, businessKey, evidence)
            : await succeed(tx, businessKey, evidence.version);
        reached(`inside ${step.kind}`);
        if (changed)
          await context.record(tx, {
            key: step.key,
            kind: step.kind,
            amountMinor: step.amountMinor,
            currency: 'CNY',
          });
        reached(`recorded ${step.kind}`);
      });
      reached(`after ${step.kind}`);
      return { result: 'continue' };
    },
  });
}

async function credit(
  tx: pg.PoolClient,
  key: string,
  orderNo: string,
  { amount, accountNo }: Evidence,
): Promise<boolean> {
  const posted = await tx.query('INSERT INTO postings VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    key,
    orderNo,
    amount,
  ]);
  if (posted.rowCount !== 1) return false;
  await tx.query('UPDATE accounts SET balance = balance + $2 WHERE account_no = $1', [accountNo, amount]);
  return true;
}

async function succeed(tx: pg.PoolClient, orderNo: string, version: number): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE orders SET status = 'SUCCESS', version = version + 1 WHERE order_no = $1 AND version = $2 AND status = 'PROCESSING'`,
    [orderNo, version],
  );
  return rowCount === 1;
}

/** What must hold when every order was repaired: each amount credited once, each order changed once. */
export async function wrongOrders(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ order_no: string }>(
    `SELECT o.order_no FROM orders o LEFT JOIN postings p ON p.order_no = o.order_no
     GROUP BY o.order_no HAVING o.status <> 'SUCCESS' OR o.version <> 2 OR count(p.*) <> 1 OR sum(p.amount) <> o.amount`,
  );
  return rows.map((row) => row.order_no);
}

export async function balances(pool: pg.Pool): Promise<{ booked: string; due: string }> {
  const { rows } = await pool.query<{ booked: string; due: string }>(
    'SELECT (SELECT sum(balance) FROM accounts)::text AS booked, (SELECT sum(amount) FROM orders)::text AS due',
  );
  return rows[0] ?? { booked: '?', due: '?' };
}

export function factsOf(status: string, ledger: string, fields: Facts['order']['fields'] = {}): Facts {
  const observedAt = '2026-01-02T03:04:05.000Z';
  return {
    order: { state: status, source: 'database', observedAt, fields },
    ledger: { state: ledger, source: 'database', observedAt, fields: {} },
    bank: { state: 'paid', source: 'query', observedAt, fields: {} },
  };
}

export function foundProblem(businessKey: string, fields: Facts['order']['fields'] = {}): FoundProblem {
  return {
    businessKey,
    scenario: 'C1',
    handling: 'fix',
    amountMinor: '100',
    currency: 'CNY',
    occurredAt: '2026-01-01T12:00:00.000Z',
    outOfPocket: 'customer',
    facts: factsOf('SUCCESS', 'none', fields),
    contradictions: ['order.status'],
  };
}

/** A collector that reports these problems and reaches the end of its window. */
export function collectorOf(problems: readonly FoundProblem[] = [], fixCode = FIX_CODE): Collector {
  return {
    fixCode,
    async collect(context) {
      context.scanned(problems.length);
      await context.report(problems);
      return {
        feeds: [{ side: 'bank', reachesTo: context.windowTo.toISOString(), complete: true }],
        complete: true,
      };
    },
  };
}
