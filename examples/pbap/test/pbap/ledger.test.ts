import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as ledger from '../../src/pbap/ledger.ts';
import { ensureSystemAccounts, insertAccount } from '../../src/pbap/store/accounts.ts';
import { readPostingByKey } from '../../src/pbap/store/postings.ts';
import { createPool, inTransaction } from '../../src/shared/database.ts';
import { type Cloner, createCloner } from './cloned-database.ts';

let cloner: Cloner;
let database: Awaited<ReturnType<Cloner['clone']>>;
let pool: pg.Pool;
beforeAll(async () => {
  cloner = await createCloner();
  database = await cloner.clone();
  pool = createPool({ url: database.url, name: 'ledger-test', size: 8 });
  await ensureSystemAccounts(pool, 'CZK');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
  await cloner.drop();
});

const AT = new Date('2026-03-01T10:00:00Z');
let names = 0;

async function newAccount(balanceMinor: bigint): Promise<string> {
  names += 1;
  const accountNo = `L${names}`;
  await insertAccount(pool, { accountNo, owner: 'o', currency: 'CZK', counterparty: 'CARD' });
  if (balanceMinor > 0n) {
    const account = { accountNo, currency: 'CZK', amountMinor: balanceMinor };
    await inTransaction(pool, (tx) => ledger.open(tx, account, AT));
  }
  return accountNo;
}

async function newOrder(accountNo: string, amountMinor: bigint, booking: 'one-shot' | 'staged') {
  names += 1;
  const order = { orderNo: `O${names}`, booking, accountNo, amountMinor, currency: 'CZK' };
  await pool.query(
    `insert into pbap.orders (order_no, type, booking, account_no, amount_minor, currency, status, counterparty,
       created_at, updated_at) values ($1, 'withdraw', $2, $3, $4, 'CZK', 'PROCESSING', 'CARD', $5, $5)`,
    [order.orderNo, booking, accountNo, amountMinor, AT],
  );
  return order;
}

const run = (work: (tx: pg.PoolClient) => Promise<unknown>) => inTransaction(pool, work);
const balanceOf = async (accountNo: string): Promise<bigint> => {
  const result = await pool.query<{ stored_minor: string; off_minor: string }>(
    'select stored_minor, off_minor from pbap.account_proof where account_no = $1',
    [accountNo],
  );
  expect(result.rows[0]?.off_minor).toBe('0');
  return BigInt(result.rows[0]?.stored_minor ?? '-1');
};
const idOf = async (key: string): Promise<string> => (await readPostingByKey(pool, key))?.posting_id ?? '0';

describe('the ledger', () => {
  it('keeps the books at zero and every balance provable, whatever is booked in whatever order', async () => {
    const step = fc.record({
      act: fc.constantFrom('credit', 'reserve', 'settle', 'release', 'reverse'),
      account: fc.nat(2),
      order: fc.nat(3),
    });
    const amounts = fc.array(fc.bigInt(1n, 500n), { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), amounts, async (steps, amountsMinor) => {
        const accounts = [await newAccount(0n), await newAccount(300n), await newAccount(1_000n)];
        const orders = await Promise.all(
          amountsMinor.map((amount, index) =>
            newOrder(
              accounts[index % accounts.length] ?? '',
              amount,
              index % 2 === 0 ? 'staged' : 'one-shot',
            ),
          ),
        );
        // All at once: the bookings of one account follow one another, those of an order share their keys.
        await Promise.all(
          steps.map(({ act, order: index }) =>
            run(async (tx) => {
              const order = orders[index];
              if (order === undefined) return;
              const held = await readPostingByKey(tx, `hold:${order.orderNo}`);
              const debited = await readPostingByKey(tx, `debit:${order.orderNo}`);
              if (act === 'credit') await ledger.credit(tx, order, AT);
              if (act === 'reserve') await ledger.reserve(tx, order, AT);
              if (act === 'settle') await ledger.settle(tx, order, held?.posting_id ?? '0', AT);
              if (act === 'release') await ledger.release(tx, order, held?.posting_id ?? '0', AT);
              if (act === 'reverse') await ledger.reverse(tx, order, debited?.posting_id ?? '0', AT);
            }),
          ),
        );
        for (const accountNo of accounts) expect(await balanceOf(accountNo)).toBeGreaterThanOrEqual(0n);
        const books = await pool.query('select sum_minor, off_minor from pbap.books');
        expect(books.rows).toEqual([{ sum_minor: '0', off_minor: '0' }]);
      }),
      { numRuns: 25 },
    );
  });

  it('resolves a hold once: of many settlements and releases at once, one books', async () => {
    const order = await newOrder(await newAccount(1_000n), 400n, 'staged');
    await run((tx) => ledger.reserve(tx, order, AT));
    const holdId = await idOf(`hold:${order.orderNo}`);
    const words = await Promise.all(
      Array.from({ length: 16 }, (_value, index) =>
        inTransaction(pool, (tx) =>
          index % 2 === 0 ? ledger.settle(tx, order, holdId, AT) : ledger.release(tx, order, holdId, AT),
        ),
      ),
    );
    expect(words.filter((word) => word === 'booked')).toHaveLength(1);
    expect(words.filter((word) => word === 'exists')).toHaveLength(7);
    expect(words.filter((word) => word === 'conflict')).toHaveLength(8);
  });

  it('never overdraws: of many reservations at once only those book that the balance carries', async () => {
    const accountNo = await newAccount(1_000n);
    const orders = await Promise.all(Array.from({ length: 12 }, () => newOrder(accountNo, 300n, 'one-shot')));
    const words = await Promise.all(
      orders.map((order) => inTransaction(pool, (tx) => ledger.reserve(tx, order, AT))),
    );
    expect(words.filter((word) => word === 'booked')).toHaveLength(3);
    expect(words.filter((word) => word === 'insufficient')).toHaveLength(9);
    expect(await balanceOf(accountNo)).toBe(100n);
  });

  it('refuses the same key with another amount, a closed account and a posting of another order', async () => {
    const accountNo = await newAccount(1_000n);
    const order = await newOrder(accountNo, 300n, 'one-shot');
    const other = await newOrder(accountNo, 300n, 'one-shot');
    await run((tx) => ledger.reserve(tx, order, AT));
    const debitId = await idOf(`debit:${order.orderNo}`);
    const words = await inTransaction(pool, async (tx) => [
      await ledger.reserve(tx, { ...order, amountMinor: 301n }, AT),
      await ledger.reverse(tx, other, debitId, AT),
      await ledger.settle(tx, order, debitId, AT),
      await ledger.reverse(tx, order, 'x', AT),
    ]);
    expect(words).toEqual(['conflict', 'conflict', 'conflict', 'conflict']);
    await pool.query(`update pbap.accounts set status = 'closed' where account_no = $1`, [accountNo]);
    expect(await inTransaction(pool, (tx) => ledger.reverse(tx, order, debitId, AT))).toBe('conflict');
    expect(await balanceOf(accountNo)).toBe(700n);
  });
});
