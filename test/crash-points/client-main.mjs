// A production system of orders, postings and bank lines with its client, which ends itself by SIGKILL at the place that
// it is told. Orders A… are repaired by ticks, orders M… when somebody clicks.
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { createClient, postgresJournal, webSocketTransport } from '../../packages/client/dist/index.js';
import { begin, deadlyPlaces } from './deadly-places.mjs';

const { SHOP_URL, PICULUS_URL, SYSTEM_KEY, SERVER_KEYS } = process.env;
const steps = deadlyPlaces();
/** Whether a collector takes so long that its client tells how far it is. */
let lingers = false;
const LOOKS_MS = 50;
const pool = new pg.Pool({ connectionString: SHOP_URL, max: 6 });
pool.on('error', () => {});

async function stepped(name, work) {
  await steps.at(`before ${name}`);
  const done = await work();
  await steps.at(`after ${name}`);
  return done;
}

async function read(orderNo) {
  const { rows } = await pool.query(
    `SELECT o.order_no, o.amount_minor::text, o.created_at, p.amount_minor::text AS credited_minor, now() AS read_at
     FROM orders o LEFT JOIN postings p USING (order_no) WHERE o.order_no = $1`,
    [orderNo],
  );
  return rows[0] ?? null;
}

function factsOf(row) {
  const side = (state) => ({ state, source: 'shop', observedAt: row.read_at.toISOString(), fields: {} });
  return {
    order: side('SUCCESS'),
    ledger: side(row.credited_minor === null ? 'none' : 'credited'),
    bank: side('paid'),
  };
}

const pairOf = (fixCode, prefix) => ({
  collector: {
    fixCode,
    async collect({ windowTo, report, scanned }) {
      const { rows } = await pool.query(
        `SELECT order_no FROM orders LEFT JOIN postings p USING (order_no)
         WHERE p.order_no IS NULL AND order_no LIKE $1 ORDER BY 1`,
        [`${prefix}%`],
      );
      scanned(rows.length);
      while (lingers) {
        await pause(LOOKS_MS);
        scanned(0);
      }
      const looked = await Promise.all(rows.map(({ order_no: orderNo }) => read(orderNo)));
      // One that was repaired between the list and this look would open again if it were reported.
      const found = looked.filter((row) => row.credited_minor === null);
      if (found.length > 0)
        await report(
          found.map((row) => ({
            businessKey: row.order_no,
            scenario: 'C1',
            handling: 'fix',
            amountMinor: row.amount_minor,
            currency: 'CNY',
            occurredAt: row.created_at.toISOString(),
            outOfPocket: 'customer',
            facts: factsOf(row),
            contradictions: ['order.status', 'ledger.state'],
          })),
        );
      const reachesTo = windowTo.toISOString();
      return {
        complete: true,
        feeds: ['order', 'ledger', 'bank'].map((side) => ({ side, reachesTo, complete: true })),
      };
    },
  },
  fix: {
    fixCode,
    examine: ({ businessKey }) => read(businessKey),
    facts: factsOf,
    plan({ amountMinor }, row) {
      if (row.credited_minor !== null)
        return { verdict: 'already-right', scenario: null, reason: 'the account was credited' };
      const text = { en: 'credit the account', zh: '账户入账' };
      const step = { kind: 'credit', key: `credit:${row.order_no}`, amountMinor, currency: 'CNY', text };
      return { verdict: 'act', scenario: 'C1', reason: 'paid at the bank, not credited', steps: [step] };
    },
    async apply(step, row, { record }) {
      const tx = await pool.connect();
      try {
        await tx.query('BEGIN');
        const booked = await tx.query('INSERT INTO postings VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
          step.key,
          row.order_no,
          step.amountMinor,
        ]);
        if (booked.rowCount === 1) {
          await tx.query('UPDATE account SET balance_minor = balance_minor + $1', [step.amountMinor]);
          const { key, kind, amountMinor, currency } = step;
          await record(tx, { key, kind, amountMinor, currency });
        }
        await stepped('effect commit', () => tx.query('COMMIT'));
        return { result: 'continue' };
      } catch (error) {
        await tx.query('ROLLBACK');
        throw error;
      } finally {
        tx.release();
      }
    },
  },
});

const plain = postgresJournal({ pool });
const journal = {
  ...plain,
  open: (...given) => stepped('journal open', () => plain.open(...given)),
  answer: (...given) => stepped('journal answer', () => plain.answer(...given)),
};

/** The client's own transport, with places around what leaves and what comes. */
let refusesNext = null;
process.on('message', ({ refuse, linger }) => {
  if (refuse !== undefined) refusesNext = refuse;
  if (linger) lingers = true;
});
const SENT = new Set(['problems', 'collect-done', 'fix-results']);
const TAKEN = new Set(['collect', 'fix']);
const socket = webSocketTransport({ url: PICULUS_URL, systemKey: SYSTEM_KEY });
const transport = {
  async connect(handlers, signal) {
    const types = new Map();
    const link = await socket.connect(
      {
        closed: (reason) => handlers.closed(reason),
        message(frame) {
          const { type, id, body } = JSON.parse(frame);
          if (type === refusesNext) {
            refusesNext = null;
            const refusal = { re: id, code: 'busy', detail: 'refused by the test', retryable: true };
            const said = {
              v: 1,
              id: `refusal-${id}`,
              at: new Date().toISOString(),
              type: 'error',
              body: refusal,
            };
            link.send(JSON.stringify(said));
            return;
          }
          const of = type === 'ack' ? types.get(body.re) : undefined;
          const place = of !== undefined ? `${of} ack` : TAKEN.has(type) ? `${type} taken` : null;
          if (place !== null) steps.at(`before ${place}`);
          handlers.message(frame);
          if (place !== null) steps.at(`after ${place}`);
        },
      },
      signal,
    );
    return {
      close: (reason) => link.close(reason),
      send(frame) {
        const { type, id } = JSON.parse(frame);
        if (type === 'collect-progress') lingers = false;
        if (!SENT.has(type)) return link.send(frame);
        types.set(id, type);
        steps.at(`before ${type} send`);
        link.send(frame);
        steps.at(`after ${type} send`);
      },
    };
  },
};

const client = createClient({
  systemKey: SYSTEM_KEY,
  serverKeys: SERVER_KEYS,
  application: { name: 'shop', version: '1.0.0' },
  fixes: [pairOf('interRechargeFixServiceImpl', 'A'), pairOf('rechargeTimeoutFixServiceImpl', 'M')],
  journal,
  transport,
  places: 4,
  reconnect: { baseMs: 50, maxMs: 400, refusedMs: 400 },
});
void main();

async function main() {
  await begin();
  await plain.migrate();
  client.start();
  process.send({ ready: {} });
}
