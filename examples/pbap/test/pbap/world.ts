/** The real PBAP and the real bank, over HTTP and on PostgreSQL, as a world for the conformance kit. */
import { postgresJournal } from '@piculus/client';
import type { ConformanceWorld, Observed, Setup } from '@piculus/repairs/conformance';
import type pg from 'pg';
import { type BankStartOptions, type RunningBank, startBank } from '../../src/bank/start.ts';
import { type BankClient, createBankClient } from '../../src/pbap/bank-client.ts';
import { takeCallback } from '../../src/pbap/callback.ts';
import { requestNo } from '../../src/pbap/normal-path.ts';
import { createPaymentSystem } from '../../src/pbap/payment-system.ts';
import { sendQueued } from '../../src/pbap/sender.ts';
import { importStatement } from '../../src/pbap/statement-import.ts';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { createPool } from '../../src/shared/database.ts';
import { type ArrangedOrder, arrangeOrder, CURRENCY } from './arrange.ts';
import type { Cloner } from './cloned-database.ts';

export const never = new AbortController().signal;
const DAY_MS = 86_400_000;

export interface PbapWorld extends ConformanceWorld<pg.PoolClient> {
  readonly pool: pg.Pool;
  readonly bank: BankClient;
  readonly running: RunningBank;
  readonly clock: Clock;
  arrangeOrder(setup: Setup, amountMinor?: bigint): Promise<ArrangedOrder>;
  /** Empties every table of PBAP, bank and journal, as in a new world. Numbers of orders go on. */
  forget(): Promise<void>;
}

const HEALTHY = {
  booking: 'one-shot',
  status: 'SUCCESS',
  bank: 'settled',
  outbox: 'sent',
  ageMs: DAY_MS,
  funds: 'enough',
} as const;

/** Those that refer to others first. */
const EVERYTHING = [
  'piculus_client.effects',
  'piculus_client.commands',
  ...['bank_proofs', 'repair_decisions', 'postings', 'outbox', 'statement_lines', 'statement_watermark'].map(
    (table) => `pbap.${table}`,
  ),
  'pbap.orders',
  'pbap.accounts',
  'bank.requests',
  'bank.movements',
];

export async function openWorld(
  cloner: Pick<Cloner, 'clone'>,
  bankOptions: Partial<BankStartOptions> = {},
  prepare: (pool: pg.Pool) => void = () => {},
): Promise<PbapWorld> {
  const database = await cloner.clone();
  const pool = createPool({ url: database.url, name: 'pbap-test', size: 4 });
  prepare(pool);
  // The bank settles only when the world says so.
  const running = await startBank({
    databaseUrl: database.url,
    settleDelayMs: 1_000 * DAY_MS,
    ...bankOptions,
  });
  const clock = systemClock;
  const bank = createBankClient({ url: running.url, timeoutMs: 2_000, now: clock.now });
  const parts = { pool, bank, clock };
  const orders = new Map<string, ArrangedOrder>();
  let healthy: Promise<void> | null = null;
  let count = 0;

  const arrangeOne = async (setup: Setup, amountMinor?: bigint): Promise<ArrangedOrder> => {
    count += 1;
    const order = await arrangeOrder(
      pool,
      `T${count}`,
      setup,
      amountMinor ?? 10_000n + BigInt(count),
      clock.now(),
    );
    orders.set(order.orderNo, order);
    return order;
  };
  const arrangeHealthy = async (): Promise<void> => {
    await arrangeOne({ ...HEALTHY, type: 'recharge', ledger: 'credited' });
    await arrangeOne({ ...HEALTHY, type: 'withdraw', ledger: 'debited' });
    await importStatement(parts, never);
  };
  const sum = async (): Promise<bigint> => {
    const result = await pool.query<{ sum_minor: string; off_minor: string }>(
      'select sum_minor, off_minor from pbap.books',
    );
    for (const row of result.rows)
      if (row.off_minor !== '0') throw new Error('a balance is not what its postings say');
    return result.rows.reduce((total, row) => total + BigInt(row.sum_minor), 0n);
  };

  return {
    pool,
    bank,
    running,
    clock,
    // This bank shows what it has at once.
    system: createPaymentSystem({ ...parts, notFoundWindowMs: 0 }),
    journal: postgresJournal({ pool }),
    arrangeOrder: arrangeOne,
    arrange: async (setup) => {
      healthy ??= arrangeHealthy();
      await healthy;
      const { orderNo, amountMinor } = await arrangeOne(setup);
      return { orderNo, amountMinor, currency: CURRENCY };
    },
    originalArrives: async (orderNo) => {
      const row = await pool.query<{
        kind: 'collect' | 'payout';
        amount_minor: string;
        counterparty: string;
      }>('select kind, amount_minor, counterparty from pbap.outbox where request_no = $1', [
        requestNo(orderNo, 1),
      ]);
      const sent = row.rows[0];
      if (sent === undefined) throw new Error('nothing was sent that could arrive');
      await bank.submit(
        {
          requestNo: requestNo(orderNo, 1),
          orderNo,
          kind: sent.kind,
          amountMinor: sent.amount_minor,
          currency: CURRENCY,
          counterparty: sent.counterparty,
        },
        never,
      );
    },
    bankWorks: async () => {
      await pool.query(`update bank.requests set settles_at = $1 where state = 'received'`, [new Date(0)]);
      while ((await running.bank.settleDue()) > 0);
    },
    callback: async (orderNo) => {
      const finished = await takeCallback(parts, requestNo(orderNo, 1), never);
      return finished === 'early' ? 'nothing' : finished;
    },
    senderRuns: async () => {
      await sendQueued({ ...parts, callbackUrl: null }, never);
    },
    observe: (orderNo) => observe(pool, orderNo, orders.get(orderNo)),
    ledgerSumMinor: sum,
    fingerprint: () => fingerprint(pool),
    forget: async () => {
      healthy = null;
      orders.clear();
      await pool.query(EVERYTHING.map((table) => `delete from ${table}`).join('; '));
    },
    close: async () => {
      await running.stop();
      await pool.end();
      await database.drop();
    },
  };
}

async function observe(pool: pg.Pool, orderNo: string, order: ArrangedOrder | undefined): Promise<Observed> {
  const result = await pool.query<{
    status: string;
    balance: string;
    held: string;
    bank: string;
    movements: number;
  }>(
    `select o.status, a.balance_minor as balance,
       (select coalesce(sum(h.amount_minor), 0) from pbap.postings h where h.order_no = o.order_no and h.kind = 'hold'
          and not exists (select 1 from pbap.postings r where r.refers_to = h.posting_id)) as held,
       (select coalesce(sum(case when kind in ('collect', 'return') then amount_minor else -amount_minor end), 0)
          from bank.movements m where m.order_no = o.order_no) as bank,
       (select count(*)::int from bank.movements m where m.order_no = o.order_no) as movements
     from pbap.orders o join pbap.accounts a on a.account_no = o.account_no where o.order_no = $1`,
    [orderNo],
  );
  const row = result.rows[0];
  if (row === undefined || order === undefined) throw new Error('no such order');
  return {
    status: row.status,
    bookedMinor: BigInt(row.balance) - order.openingMinor,
    heldMinor: BigInt(row.held),
    bankMinor: BigInt(row.bank),
    bankMovements: row.movements,
  };
}

/** One digest over every row of every table of PBAP, bank and journal. */
export async function fingerprint(pool: pg.Pool): Promise<string> {
  const tables = await pool.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema in ('pbap', 'bank', 'piculus_client') and table_type = 'BASE TABLE' order by 1`,
  );
  const parts = tables.rows.map(
    ({ name }) =>
      `select '${name}' || coalesce(string_agg(t::text, '|' order by t::text), '') as rows from ${name} t`,
  );
  const digest = await pool.query<{ digest: string }>(
    `select md5(string_agg(rows, '#' order by rows)) as digest from (${parts.join(' union all ')}) every`,
  );
  return digest.rows[0]?.digest ?? '';
}
