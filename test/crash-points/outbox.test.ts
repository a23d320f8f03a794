/**
 * The outbox of the demo's production system: its process is killed before and after each commit on the way of an order
 * to the bank, and before and after the call itself. While it is dead its tables and the bank's say how far it came;
 * in the end the bank moved the money of each order once, under one number, and the books hold.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningBank, startBank } from '../../examples/pbap/src/bank/start.ts';
import { anyFreePort } from '../../examples/pbap/src/demo/ports.ts';
import { open } from '../../examples/pbap/src/pbap/ledger.ts';
import { ensureSystemAccounts, insertAccount } from '../../examples/pbap/src/pbap/store/accounts.ts';
import { inTransaction } from '../../examples/pbap/src/shared/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Child } from './child.ts';
import { makePrograms, type Programs } from './one-file.ts';
import { POLL_MS, until } from './world.ts';

const CURRENCY = 'CZK';
const ACCOUNT = 'A-1';
const OPENING = 1_000_000n;
const AMOUNT = 700n;
/** The bank settles only when the test says so. */
const NEVER_MS = 1_000_000_000;

/** What is there while the process is dead; `sends`: how often the number may leave until the order is finished. */
const PLACES = [
  { place: 'before queued', order: null, outbox: null, bank: null, sends: [1] },
  { place: 'after queued', order: 'PROCESSING', outbox: 'queued', bank: null, sends: [1] },
  { place: 'before sending', order: 'PROCESSING', outbox: 'queued', bank: null, sends: [1] },
  { place: 'after sending', order: 'PROCESSING', outbox: 'sending', bank: null, sends: [1] },
  { place: 'before bank call', order: 'PROCESSING', outbox: 'sending', bank: null, sends: [1] },
  // Nobody knows whether the call arrived: the number is sent again, unless the bank was asked about it before.
  { place: 'after bank call', order: 'PROCESSING', outbox: 'sending', bank: 'received', sends: [1, 2] },
  { place: 'before sent', order: 'PROCESSING', outbox: 'sending', bank: 'received', sends: [1, 2] },
  { place: 'after sent', order: 'PROCESSING', outbox: 'sent', bank: 'received', sends: [1] },
  { place: 'before finished', order: 'PROCESSING', outbox: 'sent', bank: 'settled', sends: [1] },
  { place: 'after finished', order: 'SUCCESS', outbox: 'sent', bank: 'settled', sends: [1] },
] as const;
const KINDS = [
  { type: 'recharge', booking: 'one-shot', change: AMOUNT },
  { type: 'withdraw', booking: 'staged', change: -AMOUNT },
] as const;
const DEATHS = KINDS.flatMap((kind) => PLACES.map((place) => ({ ...kind, ...place })));

let programs: Programs;
let folder: string;
let database: TestDatabase;
let pool: pg.Pool;
let bank: RunningBank;
let pbap: Child;
let address: string;
beforeAll(async () => {
  programs = await makePrograms(['pbap-main']);
  folder = await mkdtemp(join(tmpdir(), 'piculus-outbox-'));
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 2 });
  bank = await startBank({ databaseUrl: database.url, settleDelayMs: NEVER_MS });
  const port = await anyFreePort();
  address = `http://127.0.0.1:${port}`;
  await writeFile(join(folder, 'sent'), '');
  pbap = new Child(
    programs.of('pbap-main'),
    {
      PBAP_DATABASE_URL: database.url,
      BANK_URL: bank.url,
      PBAP_NORMAL_PATH: 'yes',
      // A machine that is busy is no bank that keeps silent.
      BANK_TIMEOUT_MS: '60000',
      PBAP_HTTP_PORT: String(port),
      STARTS_FILE: join(folder, 'starts'),
      SENT_FILE: join(folder, 'sent'),
    },
    join(folder, 'pbap.log'),
  );
  await pbap.start();
  await inTransaction(pool, async (tx) => {
    await ensureSystemAccounts(tx, CURRENCY);
    await insertAccount(tx, { accountNo: ACCOUNT, owner: 'customer', currency: CURRENCY, counterparty: 'C' });
    await open(tx, { accountNo: ACCOUNT, currency: CURRENCY, amountMinor: OPENING }, new Date());
  });
}, 300_000);
afterAll(async () => {
  await pbap.end();
  await bank.stop();
  await pool.end();
  await database.drop();
  await Promise.all([programs.remove(), rm(folder, { recursive: true, force: true })]);
});

async function place(orderNo: string, { type, booking }: (typeof KINDS)[number]): Promise<void> {
  const body = { orderNo, type, booking, accountNo: ACCOUNT, amountMinor: AMOUNT.toString() };
  // Whoever asks may hear nothing: the one who would answer is dead.
  await fetch(`${address}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => {});
}

interface Standing {
  readonly order: string | null;
  readonly outbox: string | null;
  readonly bank: string | null;
}

async function standing(orderNo: string): Promise<Standing> {
  const { rows } = await pool.query<Standing>(
    `SELECT (SELECT status FROM pbap.orders WHERE order_no = $1) AS "order",
       (SELECT string_agg(state, ',') FROM pbap.outbox WHERE order_no = $1) AS outbox,
       (SELECT string_agg(state, ',') FROM bank.requests WHERE order_no = $1) AS bank`,
    [orderNo],
  );
  if (rows[0] === undefined) throw new Error('a query without tables gives a row');
  return rows[0];
}

async function bankSettles(orderNo: string): Promise<void> {
  await until(async () => (await standing(orderNo)).bank !== null);
  await pool.query('UPDATE bank.requests SET settles_at = $1 WHERE order_no = $2 AND state = $3', [
    new Date(0),
    orderNo,
    'received',
  ]);
  await bank.bank.settleDue();
}

const WITHIN_MS = 120_000;

async function untilDead(): Promise<void> {
  const endsAt = performance.now() + WITHIN_MS;
  while (pbap.runs) {
    if (performance.now() > endsAt) throw new Error('it never came there');
    await Promise.race([pbap.ended, pause(POLL_MS)]);
  }
}

const sends = async (orderNo: string): Promise<string[]> =>
  (await readFile(join(folder, 'sent'), 'utf8')).split('\n').filter((line) => line.startsWith(`${orderNo}-`));

describe('a production system that dies on the way to the bank', () => {
  it.each(DEATHS)(
    '$place, $type',
    async (death) => {
      const orderNo = `${death.type}-${death.place.replaceAll(' ', '-')}`;
      pbap.tell({ arm: [death.place] });
      const placed = place(orderNo, death);
      if (death.bank === 'settled') {
        await until(async () => (await standing(orderNo)).outbox === 'sent');
        await bankSettles(orderNo);
      }
      await untilDead();
      expect(await pbap.ended).toBe('SIGKILL');
      await placed;
      const { order, outbox, bank: atBank } = death;
      expect(await standing(orderNo)).toEqual({ order, outbox, bank: atBank });

      await pbap.start();
      if (order === null) await place(orderNo, death);
      await bankSettles(orderNo);
      await until(async () => (await standing(orderNo)).order === 'SUCCESS');
      const numbers = await sends(orderNo);
      expect(new Set(numbers)).toEqual(new Set([`${orderNo}-1`]));
      expect(death.sends).toContain(numbers.length);
    },
    300_000,
  );

  it('and the bank moved each amount once, and the books hold', async () => {
    const { rows } = await pool.query(
      `SELECT order_no, count(*)::int AS movements, sum(amount_minor)::text AS moved FROM bank.movements
       GROUP BY 1 HAVING count(*) <> 1 OR sum(amount_minor) <> $1`,
      [AMOUNT],
    );
    expect(rows).toEqual([]);
    const moved = await pool.query('SELECT DISTINCT order_no FROM bank.movements');
    expect(moved.rowCount).toBe(DEATHS.length);
    const account = await pool.query('SELECT balance_minor FROM pbap.accounts WHERE account_no = $1', [
      ACCOUNT,
    ]);
    const changed = DEATHS.reduce((sum, { change }) => sum + change, 0n);
    expect(account.rows).toEqual([{ balance_minor: (OPENING + changed).toString() }]);
    const books = await pool.query('SELECT sum_minor, off_minor FROM pbap.books');
    expect(books.rows).toEqual([{ sum_minor: '0', off_minor: '0' }]);
  });
});
