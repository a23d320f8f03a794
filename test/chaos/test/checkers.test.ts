/**
 * The checkers of chaos, tested on books that are right and on the same books damaged in every way that a checker is
 * there to find: one that finds nothing when there is something would make every run look good.
 */
import pg from 'pg';
import { migrateBank } from '../../../examples/pbap/src/bank/migrate.ts';
import { breakBank, breakSystem } from '../../../examples/pbap/src/demo/faults.ts';
import { bookBankHistory, bookSystemHistory } from '../../../examples/pbap/src/demo/history.ts';
import { makePlan } from '../../../examples/pbap/src/demo/plan.ts';
import { makeTransactions } from '../../../examples/pbap/src/demo/transactions.ts';
import { migratePbap } from '../../../examples/pbap/src/pbap/migrate.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { postgresJournal } from '../../../packages/client/src/index.ts';
import { openDatabase } from '../../../packages/server/src/store/database.ts';
import { migrate } from '../../../packages/server/src/store/migrate.ts';
import { openPool } from '../../../packages/server/src/store/pool.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { runChecks } from '../src/check/all.ts';
import type { Sources } from '../src/check/sources.ts';

const databases: TestDatabase[] = [];
const pools: pg.Pool[] = [];
let piculus: pg.Pool;
let own: pg.Pool;
let bank: pg.Pool;

async function open(): Promise<pg.Pool> {
  const database = await createTestDatabase();
  databases.push(database);
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  pools.push(pool);
  return pool;
}

async function together(pool: pg.Pool, work: (tx: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await work(client);
  } finally {
    client.release();
  }
}

beforeAll(async () => {
  [piculus, own, bank] = [await open(), await open(), await open()];
  const transactions = makeTransactions(300, 3);
  const made = makePlan(transactions, { anomalies: 0, seed: 3, now: new Date() });
  await migrateBank(bank);
  await migratePbap(own);
  await postgresJournal({ pool: own }).migrate();
  await together(bank, async (tx) => {
    await bookBankHistory(tx, made);
    await breakBank(tx, made);
  });
  await together(own, async (tx) => {
    await bookSystemHistory(tx, made);
    await breakSystem(tx, made);
  });
  const url = databases[0]?.url ?? '';
  const serverPool = openPool({ url });
  const database = openDatabase(serverPool);
  await migrate(database);
  await database.destroy();
  await seedServer();
});

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await Promise.all(databases.map((database) => database.drop()));
});

/** One problem that was fixed by one execution with one effect, as the server would have written it. */
async function seedServer(): Promise<void> {
  await piculus.query(
    `insert into piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
       out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, attempts, first_seen_at,
       last_seen_at, last_outcome)
     values ('PBAP', 'fix', 'T0000001', 'C1', 'fix', 100, 'CNY', 'customer', now(), '{}', '{}', 'fixed', now(), now(), 1,
       now(), now(), 'fixed')`,
  );
  await piculus.query(
    `insert into piculus.executions (problem_id, sys_code, fix_code, business_key, attempt, trigger, solution_version,
       lease_id, client_id, command_key, outcome, state_before, state_after, reason, effects, moved_minor, replayed,
       verified, dispatched_at, finished_at)
     select id, 'PBAP', 'fix', 'T0000001', 1, 'tick', 1, 'lease-1', 'client-1', 'key-1', 'fixed', 'pending', 'fixed', '-',
       '[]', 100, false, true, now(), now() from piculus.problems`,
  );
  await piculus.query(
    `insert into piculus.problem_counts values ('PBAP', 'fix', 'C1', 'fixed', 'customer', 'CNY', 1, 100)`,
  );
  await piculus.query(
    `insert into piculus.collections (trigger, window_from, window_to, created_at, finished_at)
     values ('click', now() - interval '1 h', now(), now(), now())`,
  );
  await piculus.query(
    `insert into piculus.audit (at, actor, act, problem_id) select now(), 'operator', 'run', id from piculus.problems`,
  );
  await own.query(`insert into piculus_client.commands (command_key, payload_hash) values ('key-1', 'h')`);
  await own.query(
    `insert into piculus_client.effects (command_key, effect_key, kind, amount_minor, currency)
     values ('key-1', 'credit:T0000001', 'credit', 100, 'CNY')`,
  );
}

function sources(): Sources {
  return {
    piculus,
    systems: [
      { sysCode: 'PBAP', own, bank, endings: new Map([['T0000001', { status: 'SUCCESS', moved: true }]]) },
    ],
    testimonies: [
      { kind: 'report', sysCode: 'PBAP', problems: [{ fixCode: 'fix', businessKey: 'T0000001' }] },
      { kind: 'result', leaseId: 'lease-1', problemIds: ['1'] },
      { kind: 'click', problemId: '1' },
      { kind: 'collection', id: '1' },
      { kind: 'order', sysCode: 'PBAP', orderNo: 'T0000001' },
    ],
  };
}

async function wrongOnes(): Promise<string[]> {
  return (await runChecks(sources(), 'all')).filter(({ wrong }) => wrong.length > 0).map(({ name }) => name);
}

it('finds nothing wrong in books that are right, and has looked at something everywhere', async () => {
  const checked = await runChecks(sources(), 'all');
  expect(checked.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
  // Nothing is under a lease here; all others have something to look at.
  expect(checked.filter(({ looked }) => looked === 0).map(({ name }) => name)).toEqual([
    'no record is under two open leases',
  ]);
});

interface Damage {
  readonly name: string;
  readonly in: () => pg.Pool;
  readonly statements: readonly string[];
  readonly found: string;
}

const movement = (kind: string, type: string): string =>
  `insert into bank.movements (request_no, order_no, kind, amount_minor, currency, booked_at)
   select request_no, order_no, '${kind}', amount_minor, currency, now() from bank.movements where kind = '${type}' limit 1`;

const DAMAGES: readonly Damage[] = [
  {
    name: 'a payout that the bank made twice',
    in: () => bank,
    statements: [movement('payout', 'payout')],
    found: 'the bank moved no order twice',
  },
  {
    name: 'a withdrawal that was paid and given back',
    in: () => own,
    statements: [
      `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no, refers_to, booked_at)
       select 'reversal:' || posting_id, 'reversal', credit_account, debit_account, amount_minor, currency, order_no, posting_id, now()
       from pbap.postings where kind = 'debit' limit 1`,
    ],
    found: 'no withdrawal was paid and given back',
  },
  {
    name: 'an account that was credited twice for one order',
    in: () => own,
    statements: [
      `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no, booked_at)
       select 'again:' || posting_id, 'credit', debit_account, credit_account, amount_minor, currency, order_no, now()
       from pbap.postings where kind = 'credit' limit 1`,
    ],
    found: 'no account was credited or debited twice for one order',
  },
  {
    name: 'a balance that no posting explains',
    in: () => own,
    statements: [
      `update pbap.accounts set balance_minor = balance_minor + 1
       where account_no = (select account_no from pbap.accounts where kind = 'customer' limit 1)`,
    ],
    found: 'no money appeared or vanished in the books',
  },
  {
    name: 'an order that says paid while the bank did not move it',
    in: () => bank,
    statements: [`delete from bank.movements where order_no = 'T0000009'`],
    found: 'order, ledger and bank agree about every order',
  },
  {
    name: 'a broken order that ended otherwise',
    in: () => own,
    statements: [`update pbap.orders set status = 'FAILED' where order_no = 'T0000001'`],
    found: 'every broken order ended as the documents say',
  },
  {
    name: 'a problem that is told to be fixed and is not',
    in: () => own,
    statements: [`update pbap.orders set status = 'PROCESSING' where order_no = 'T0000001'`],
    found: 'what is reported fixed is right on all three sides',
  },
  {
    name: 'an effect under two command keys',
    in: () => own,
    statements: [
      `insert into piculus_client.commands (command_key, payload_hash) values ('key-2', 'h')`,
      `insert into piculus_client.effects (command_key, effect_key, kind, amount_minor, currency)
       values ('key-2', 'credit:T0000001', 'credit', 100, 'CNY')`,
    ],
    found: 'no effect was committed twice',
  },
  {
    name: 'an effect that no execution tells of',
    in: () => own,
    statements: [`update piculus_client.effects set amount_minor = 99`],
    found: 'executions tell of the effects in the journals, each once',
  },
  {
    name: 'one record under two open leases',
    in: () => piculus,
    statements: ['a', 'b'].map(
      (
        id,
      ) => `insert into piculus.leases (id, sys_code, fix_code, solution_id, solution_version, max_retries, client_id,
         node_id, trigger, problem_ids, business_keys, leased_at, expires_at)
       values ('${id}', 'PBAP', 'fix', 1, 1, 1, 'c', 'n', 'tick', '{1}', '{T0000001}', now(), now())`,
    ),
    found: 'no record is under two open leases',
  },
  {
    name: 'an attempt that left no execution',
    in: () => piculus,
    statements: [`update piculus.problems set attempts = attempts + 1`],
    found: 'attempts and retries are counted as executed',
  },
  {
    name: 'a kept count that is off',
    in: () => piculus,
    statements: [`update piculus.problem_counts set problems = problems + 1`],
    found: 'counts that are kept are the counts',
  },
  {
    name: 'a problem that never ended',
    in: () => piculus,
    statements: [`update piculus.problems set state = 'pending'`],
    found: 'everything has ended',
  },
  {
    name: 'a report, a result and a click that were acknowledged and are gone',
    in: () => piculus,
    statements: [
      `update piculus.problems set business_key = 'T0000002'`,
      `alter table piculus.executions disable trigger all`,
      `update piculus.executions set lease_id = 'lease-2'`,
      `alter table piculus.audit disable trigger all`,
      `delete from piculus.audit where act = 'run'`,
    ],
    found: 'every report that was acknowledged is stored',
  },
  {
    name: 'a result that was acknowledged and is gone',
    in: () => piculus,
    statements: [
      `alter table piculus.executions disable trigger all`,
      `update piculus.executions set lease_id = 'lease-2'`,
    ],
    found: 'every result that was acknowledged is an execution',
  },
  {
    name: 'a click that was accepted and is not in the audit',
    in: () => piculus,
    statements: [
      `alter table piculus.audit disable trigger all`,
      `delete from piculus.audit where act = 'run'`,
    ],
    found: 'every click that was accepted is in the audit',
  },
  {
    name: 'a collect that was started and is gone',
    in: () => piculus,
    statements: [`delete from piculus.collections`],
    found: 'every collect that was started is there',
  },
  {
    name: 'an order that the front door took and is gone',
    in: () => own,
    statements: [
      `delete from pbap.outbox where order_no = 'T0000001'`,
      `delete from pbap.postings where order_no = 'T0000001'`,
      `delete from pbap.orders where order_no = 'T0000001'`,
    ],
    found: 'every order that the front door took is there',
  },
];

/** Each in a transaction that is rolled back: with one connection to each pool, the checkers look inside it. */
it.each(DAMAGES)('finds $name', async ({ in: where, statements, found }) => {
  const pool = where();
  await pool.query('begin');
  try {
    for (const statement of statements) await pool.query(statement);
    expect(await wrongOnes()).toContain(found);
  } finally {
    await pool.query('rollback');
  }
});

it('has damage for every check', async () => {
  const names = (await runChecks(sources(), 'all')).map(({ name }) => name);
  const found = new Set(DAMAGES.map((damage) => damage.found));
  expect(names.filter((name) => !found.has(name) && name !== 'every broken order was reported')).toEqual([]);
});
