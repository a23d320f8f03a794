// A production system of three orders, one of them broken, and the fix that repairs it.
// Run from the checkout: PICULUS_SYSTEM_KEY=… PICULUS_SERVER_KEYS=… node examples/first-fix/first-fix.mjs
import { createClient, defineCollector, defineFix, postgresJournal } from '@piculus/client';
import { startEmbeddedDatabase } from '@piculus/embedded-database';
import pg from 'pg';

const { PICULUS_SYSTEM_KEY: systemKey, PICULUS_SERVER_KEYS: serverKeys } = process.env;
if (!systemKey || !serverKeys)
  throw new Error(
    'set PICULUS_SYSTEM_KEY and PICULUS_SERVER_KEYS as "piculus systems create SHOP" printed them',
  );

// Your own database, in place of this one that is gone when the process ends. -----------------------------------
const database = await startEmbeddedDatabase({ temporary: true });
const pool = new pg.Pool({ connectionString: database.url, max: 4 });
await pool.query(`
  CREATE TABLE orders (order_no text PRIMARY KEY, account_no text, amount_minor bigint, status text, created_at timestamptz);
  CREATE TABLE accounts (account_no text PRIMARY KEY, balance_minor bigint);
  CREATE TABLE postings (effect_key text PRIMARY KEY, order_no text, amount_minor bigint);
  CREATE TABLE bank_lines (order_no text PRIMARY KEY, amount_minor bigint);
  INSERT INTO accounts VALUES ('A1', 5000);
  INSERT INTO orders SELECT 'R' || n, 'A1', 5000, 'SUCCESS', now() - interval '1 hour' FROM generate_series(1, 2) n;
  INSERT INTO bank_lines VALUES ('R1', 5000), ('R2', 5000);
  INSERT INTO postings VALUES ('credit:R1', 'R1', 5000)`);
// R2 is shown as a success and was paid at the bank, but its 50.00 never reached the account: scenario C1.

const FIX_CODE = 'interRechargeFixServiceImpl';
const CURRENCY = 'CNY';

/** Reads all sides of one order, now. */
async function read(orderNo) {
  const { rows } = await pool.query(
    `SELECT o.order_no, o.account_no, o.amount_minor, o.status, o.created_at, now() AS read_at,
            p.amount_minor AS credited_minor, b.amount_minor AS paid_minor
       FROM orders o
       LEFT JOIN postings p ON p.order_no = o.order_no
       LEFT JOIN bank_lines b ON b.order_no = o.order_no
      WHERE o.order_no = $1`,
    [orderNo],
  );
  return rows[0] ?? null;
}

/** What people see of the three sides. */
function factsOf(row) {
  const observedAt = (row?.read_at ?? new Date()).toISOString();
  const side = (state, source, fields) => ({ state, source, observedAt, fields });
  return {
    order: side(row?.status ?? 'none', 'orders', {
      account: row?.account_no ?? null,
      amountMinor: row?.amount_minor ?? null,
    }),
    ledger: side(row?.credited_minor ? 'credited' : 'none', 'postings', {
      amountMinor: row?.credited_minor ?? null,
    }),
    bank: side(row?.paid_minor ? 'paid' : 'non-final', 'bank_lines', {
      amountMinor: row?.paid_minor ?? null,
    }),
  };
}

const collector = defineCollector({
  fixCode: FIX_CODE,
  async collect({ windowFrom, windowTo, signal, report, scanned }) {
    let after = '';
    for (;;) {
      signal.throwIfAborted();
      // By key, a page at a time: never the whole table, never an open cursor.
      const page = await pool.query(
        `SELECT order_no FROM orders
          WHERE created_at >= $1 AND created_at < $2 AND status = 'SUCCESS' AND order_no > $3
          ORDER BY order_no LIMIT 500`,
        [windowFrom, windowTo, after],
      );
      if (page.rows.length === 0) break;
      after = page.rows.at(-1).order_no;
      scanned(page.rows.length);
      const found = [];
      for (const { order_no } of page.rows) {
        const row = await read(order_no);
        if (row === null || row.credited_minor !== null || row.paid_minor !== row.amount_minor) continue;
        found.push({
          businessKey: row.order_no,
          scenario: 'C1',
          handling: 'fix',
          amountMinor: row.amount_minor,
          currency: CURRENCY,
          occurredAt: row.created_at.toISOString(),
          outOfPocket: 'customer',
          facts: factsOf(row),
          contradictions: ['order.status', 'ledger.state'],
        });
      }
      if (found.length > 0) await report(found);
    }
    // An honest end: how far the data of each side reaches. If the bank's lines did not reach windowTo, say so.
    const reachesTo = windowTo.toISOString();
    return {
      complete: true,
      feeds: ['order', 'ledger', 'bank'].map((name) => ({ side: name, reachesTo, complete: true })),
    };
  },
});

const fix = defineFix({
  fixCode: FIX_CODE,

  // 1. Read everything again. What the collector saw is old by now.
  examine: ({ businessKey }) => read(businessKey),

  facts: factsOf,

  // 2. Decide from what was read, and from nothing else. A preview stops here.
  plan({ amountMinor }, row) {
    if (row === null)
      return { verdict: 'not-this-problem', scenario: null, reason: 'there is no such order' };
    if (row.credited_minor !== null)
      return { verdict: 'already-right', scenario: null, reason: 'the account was credited' };
    if (row.paid_minor === null)
      return { verdict: 'not-yet', scenario: 'C1', reason: 'the bank does not show it as paid' };
    if (row.paid_minor !== amountMinor)
      return { verdict: 'refused', scenario: 'X7', reason: 'the bank was paid another amount' };
    return {
      verdict: 'act',
      scenario: 'C1',
      reason: 'paid at the bank, not credited',
      steps: [
        {
          kind: 'credit',
          key: `credit:${row.order_no}`,
          amountMinor,
          currency: CURRENCY,
          text: { en: 'credit the account', zh: '账户入账' },
        },
      ],
    };
  },

  // 3. Do one step: effect and journal in one transaction. Then everything is read and planned again.
  async apply(step, row, { record }) {
    const tx = await pool.connect();
    try {
      await tx.query('BEGIN');
      // The key is the one that the normal path books under, so the two can never both book.
      const booked = await tx.query('INSERT INTO postings VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
        step.key,
        row.order_no,
        step.amountMinor,
      ]);
      if (booked.rowCount === 1) {
        await tx.query('UPDATE accounts SET balance_minor = balance_minor + $1 WHERE account_no = $2', [
          step.amountMinor,
          row.account_no,
        ]);
        await record(tx, {
          key: step.key,
          kind: step.kind,
          amountMinor: step.amountMinor,
          currency: step.currency,
        });
      }
      await tx.query('COMMIT');
      return { result: 'continue' };
    } catch (error) {
      await tx.query('ROLLBACK');
      throw error;
    } finally {
      tx.release();
    }
  },
});

const journal = postgresJournal({ pool });
await journal.migrate();

const client = createClient({
  url: process.env.PICULUS_URL ?? 'http://127.0.0.1:7070',
  systemKey,
  // A command that none of these keys signed is refused before the fix sees it.
  serverKeys,
  application: { name: 'shop', version: '1.0.0' },
  fixes: [{ collector, fix }],
  journal,
  // Masked before anything leaves this process.
  personal: ['order.account'],
});
client.on((event) => {
  if (event.type === 'welcome') console.log(`connected as a client of ${event.sysCode}`);
  if (event.type === 'fix-finished')
    console.log(`${event.item.businessKey}: ${event.result?.outcome ?? 'given up'}`);
});
client.start();

process.once('SIGINT', stop);
process.once('SIGTERM', stop);
async function stop() {
  await client.stop();
  await pool.end();
  await database.stop();
}
