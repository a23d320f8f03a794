/** A server and a client of a small shop as processes of their own, people who click and approve, and what must hold. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ApiClient, createApiClient, signInFirst } from '@piculus/protocol/http';
import pg from 'pg';
import { verifyChain } from '../../packages/server/src/audit/verify.ts';
import { openDatabase } from '../../packages/server/src/store/database.ts';
import { openPool } from '../../packages/server/src/store/pool.ts';
import { anyFreePort } from '../../examples/pbap/src/demo/ports.ts';
import { choosePolicy } from '../support/approval-policy.ts';
import { createMigratedDatabase, createTestDatabase } from '../support/database.ts';
import { createPerson } from '../support/people.ts';
import { Child } from './child.ts';
import type { Programs } from './one-file.ts';

export const SYSTEM = 'SHOP';
export const TICKED = 'interRechargeFixServiceImpl';
export const CLICKED = 'rechargeTimeoutFixServiceImpl';
const LEASE_MS = 1_500;
/** What one person may run alone under the careful policy, and one more. */
export const SMALL = '700';
export const LARGE = '500001';
export const ONCE_A_YEAR = '0 0 0 1 1 ?';
export const EVERY_SECOND = '0/1 * * * * ?';

export interface World {
  readonly server: Child;
  readonly client: Child;
  /** Beside the first on the same database; not started. */
  readonly second: Child;
  /** Orders come in, people click and approve: once. What fails because somebody died is left for the next time. */
  work(): Promise<void>;
  /** Whether a client works on something. */
  isLeased(): Promise<boolean>;
  /** Of the database alone: what was brought out of its reach stays there. */
  forgetCheckpoints(): Promise<void>;
  /** Waits until nothing is open. @returns what is wrong then; nothing where all is well. */
  settle(withinMs: number): Promise<string[]>;
  readonly folder: string;
  readonly databaseUrl: string;
  /** The server's, by HTTP. */
  readonly address: string;
  /** The server's database, past the server. */
  readonly piculus: pg.Pool;
  readonly shop: pg.Pool;
  readonly requester: ApiClient;
  readonly approver: ApiClient;
  /** What is wrong with the chain of acts. */
  chainFaults(): Promise<string[]>;
  close(keepLogs: boolean): Promise<void>;
}

async function makeShop(url: string): Promise<pg.Pool> {
  const shop = new pg.Pool({ connectionString: url, max: 2 });
  await shop.query(`
    CREATE TABLE orders (order_no text PRIMARY KEY, amount_minor bigint, created_at timestamptz DEFAULT now());
    CREATE TABLE postings (effect_key text PRIMARY KEY, order_no text, amount_minor bigint);
    CREATE TABLE account (balance_minor bigint);
    INSERT INTO account VALUES (0)`);
  return shop;
}

export interface WorldOptions {
  /** Nothing comes by itself: no collect, no tick. */
  readonly quiet?: boolean;
}

export async function makeWorld(programs: Programs, { quiet = false }: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'piculus-crash-points-'));
  const [database, shopDatabase] = await Promise.all([createMigratedDatabase(), createTestDatabase()]);
  const shop = await makeShop(shopDatabase.url);
  const piculus = new pg.Pool({ connectionString: database.url, max: 2 });
  const serverOn = async (name: string, port: number): Promise<Child> =>
    new Child(
      programs.of('server-main'),
      {
        PICULUS_DATABASE_URL: database.url,
        PICULUS_DATA_DIR: join(folder, 'data'),
        PICULUS_AUDIT_CHECKPOINT_FILE: join(folder, `${name}.checkpoints`),
        PICULUS_LEASE_MS: String(LEASE_MS),
        PICULUS_PORT: String(port),
        PICULUS_LOG_LEVEL: 'info',
      },
      join(folder, `${name}.log`),
    );
  const port = await anyFreePort();
  const address = `http://127.0.0.1:${port}`;
  const server = await serverOn('server', port);
  const second = await serverOn('second', await anyFreePort());
  const { requester, approver, key, serverKeys } = await setUp(server, address, {
    databaseUrl: database.url,
    quiet,
  });
  const client = new Child(
    programs.of('client-main'),
    { SHOP_URL: shopDatabase.url, PICULUS_URL: address, SYSTEM_KEY: key, SERVER_KEYS: serverKeys.join(',') },
    join(folder, 'client.log'),
  );
  await client.start();
  const people: People = { piculus, shop, requester, approver, orders: 0 };
  return {
    server,
    client,
    second,
    folder,
    databaseUrl: database.url,
    address,
    piculus,
    shop,
    requester,
    approver,
    chainFaults: () => chainFaults(database.url),
    work: () => work(people),
    isLeased: async () =>
      (await numberOf(piculus, `SELECT count(*) FROM piculus.leases WHERE closed_at IS NULL`)) > 0,
    forgetCheckpoints: async () => {
      await piculus.query('DELETE FROM piculus.audit_checkpoints');
    },
    settle: async (withinMs) => {
      await settled(people, withinMs);
      return [...(await wrongs(people)), ...(await chainFaults(database.url))];
    },
    close: async (keepLogs) => {
      await Promise.all([server.end(), second.end(), client.end()]);
      await Promise.all([piculus.end(), shop.end()]);
      await Promise.all([database.drop(), shopDatabase.drop()]);
      if (!keepLogs) await rm(folder, { recursive: true, force: true });
    },
  };
}

interface SetUp {
  readonly databaseUrl: string;
  readonly quiet: boolean;
}

async function setUp(server: Child, address: string, { databaseUrl, quiet }: SetUp) {
  const ready = await server.start();
  const said = typeof ready === 'object' && ready !== null ? ready : {};
  const oneTimePassword = 'firstPassword' in said ? String(said.firstPassword) : '';
  const first = { username: 'admin', oneTimePassword, password: 'a password of our own' };
  const { token } = await signInFirst({ baseUrl: address }, first);
  const requester = createApiClient({ baseUrl: address, token });
  const person = { username: 'second', password: 'another password of ours' };
  const approver = createApiClient({
    baseUrl: address,
    token: (await createPerson(requester, address, person)).token,
  });
  const { key } = await requester.createSystem({
    body: { sysCode: SYSTEM, name: 'Shop', collectCron: quiet ? ONCE_A_YEAR : EVERY_SECOND },
  });
  const common = { sysCode: SYSTEM, maxRetries: 99, retryCron: EVERY_SECOND } as const;
  await requester.createSolution({
    body: { ...common, fixCode: TICKED, executionMode: quiet ? 'manual' : 'automatic' },
  });
  await requester.createSolution({ body: { ...common, fixCode: CLICKED, executionMode: 'manual' } });
  const db = openDatabase(openPool({ url: databaseUrl, connectionsMax: 1 }));
  await choosePolicy(db, { mode: 'careful' });
  await db.destroy();
  const { items } = await requester.listServerKeys();
  return { requester, approver, key, serverKeys: items.map(({ publicKey }) => publicKey) };
}

interface People {
  readonly piculus: pg.Pool;
  readonly shop: pg.Pool;
  readonly requester: ApiClient;
  readonly approver: ApiClient;
  orders: number;
}

const OPEN_MAX = 3;
const ORDERS = [
  ['A', SMALL],
  ['MS', SMALL],
  ['ML', LARGE],
] as const;
/** What is looked at again and again, because nothing tells when it changes. */
export const POLL_MS = 200;

const WITHIN_MS = 120_000;

export async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + WITHIN_MS;
  while (!(await isTrue())) {
    if (performance.now() > endsAt) throw new Error('it did not come to that');
    await pause(POLL_MS);
  }
}

async function work(people: People): Promise<void> {
  await takeOrders(people);
  await runWhatWaits(people);
}

async function takeOrders(people: People): Promise<void> {
  const { shop } = people;
  const { rows } = await shop.query<{ prefix: string; count: string }>(
    `SELECT substring(order_no FROM '^[A-Z]+') AS prefix, count(*) FROM orders LEFT JOIN postings p USING (order_no)
     WHERE p.order_no IS NULL GROUP BY 1`,
  );
  const open = new Map(rows.map(({ prefix, count }) => [prefix, Number(count)]));
  for (const [prefix, amountMinor] of ORDERS) {
    if ((open.get(prefix) ?? 0) >= OPEN_MAX) continue;
    people.orders += 1;
    await shop.query('INSERT INTO orders VALUES ($1, $2)', [`${prefix}${people.orders}`, amountMinor]);
  }
}

async function runWhatWaits(people: People): Promise<void> {
  const { piculus } = people;
  const waiting = await piculus.query<{ id: string; small: boolean }>(
    `SELECT p.id, p.amount_minor <= 500000 AS small FROM piculus.problems p
     WHERE p.fix_code = $1 AND p.state IN ('pending', 'exhausted', 'needs-human')
       AND NOT EXISTS (SELECT FROM piculus.run_requests r WHERE r.problem_id = p.id)
       AND NOT EXISTS (SELECT FROM piculus.leases l WHERE l.closed_at IS NULL AND p.id = ANY (l.problem_ids))`,
    [CLICKED],
  );
  const acts = waiting.rows.map(({ id, small }) => (small ? click(people, id) : ask(people, id)));
  // What cannot be done now, because the server died or somebody was faster, is looked at again the next time.
  await Promise.allSettled([...acts, agree(people)]);
}

async function click({ requester }: People, id: string): Promise<void> {
  await requester.runProblems({ body: { ids: [id], reason: 'because' } });
}

async function ask({ requester }: People, problemId: string): Promise<void> {
  await requester.createApproval({ body: { command: { kind: 'run', problemId }, reason: 'because' } });
}

async function agree({ piculus, approver }: People): Promise<void> {
  const open = await piculus.query<{ id: string; hash: Buffer }>(
    `SELECT id, hash FROM piculus.approvals WHERE state = 'open'`,
  );
  for (const { id, hash } of open.rows)
    await approver.approve({ params: { id }, body: { hash: hash.toString('hex'), reason: 'as shown' } });
}

async function numberOf(pool: pg.Pool, query: string): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(query);
  return Number(rows[0]?.count ?? 0);
}

/** People go on clicking, and no order comes in any more, until nothing is open. */
async function settled(people: People, withinMs: number): Promise<void> {
  const endsAt = performance.now() + withinMs;
  while ((await open(people)) > 0) {
    if (performance.now() > endsAt) return;
    await runWhatWaits(people);
    await pause(POLL_MS);
  }
}

async function open({ shop, piculus }: People): Promise<number> {
  return (
    (await numberOf(
      shop,
      'SELECT count(*) FROM orders LEFT JOIN postings p USING (order_no) WHERE p.order_no IS NULL',
    )) +
    (await numberOf(piculus, `SELECT count(*) FROM piculus.problems WHERE state <> 'fixed'`)) +
    (await numberOf(piculus, 'SELECT count(*) FROM piculus.leases WHERE closed_at IS NULL')) +
    (await numberOf(piculus, 'SELECT count(*) FROM piculus.run_requests'))
  );
}

/** Each line is a query of what must not be, and what it means. */
const NEVER_IN_SHOP = [
  [
    'an order that was credited not once',
    `
    SELECT o.order_no FROM orders o LEFT JOIN postings p USING (order_no) GROUP BY 1 HAVING count(p.effect_key) <> 1`,
  ],
  [
    'money that appeared or vanished',
    `
    SELECT balance_minor FROM account WHERE balance_minor <> (SELECT coalesce(sum(amount_minor), 0) FROM postings)`,
  ],
  [
    'a posting that the journal does not have',
    `
    SELECT p.effect_key FROM postings p LEFT JOIN piculus_client.effects e USING (effect_key) WHERE e.effect_key IS NULL`,
  ],
] as const;
const NEVER_AT_SERVER = [
  [
    'a problem that did not end',
    `SELECT business_key || ' ' || state AS what FROM piculus.problems WHERE state <> 'fixed'`,
  ],
  ['a lease that did not end', 'SELECT id FROM piculus.leases WHERE closed_at IS NULL'],
  [
    'an amount that was told not once',
    `
    SELECT p.business_key, sum(e.moved_minor) FROM piculus.problems p LEFT JOIN piculus.executions e ON e.problem_id = p.id
    GROUP BY p.id HAVING sum(e.moved_minor) <> p.amount_minor`,
  ],
  [
    'a large order that ran without two people',
    `
    SELECT p.business_key FROM piculus.problems p JOIN piculus.executions e ON e.problem_id = p.id
    WHERE p.amount_minor > 500000 AND NOT EXISTS (
      SELECT FROM piculus.approvals a WHERE a.state = 'approved' AND a.command->>'problemId' = p.id::text)`,
  ],
] as const;

async function wrongs({ shop, piculus }: People): Promise<string[]> {
  const found: string[] = [];
  for (const [pool, checks] of [
    [shop, NEVER_IN_SHOP],
    [piculus, NEVER_AT_SERVER],
  ] as const)
    for (const [what, query] of checks)
      for (const row of (await pool.query(query)).rows) found.push(`${what}: ${JSON.stringify(row)}`);
  const known = await numberOf(piculus, 'SELECT count(*) FROM piculus.problems');
  const made = await numberOf(shop, 'SELECT count(*) FROM orders');
  if (known !== made) found.push(`${made} orders, and ${known} problems`);
  return found;
}

async function chainFaults(url: string): Promise<string[]> {
  const db = openDatabase(openPool({ url, connectionsMax: 1 }));
  try {
    const report = await verifyChain(db, { at: new Date(), given: [], trustedKeys: null });
    return report.faults.map((fault) => `the chain of acts: ${JSON.stringify(fault)}`);
  } finally {
    await db.destroy();
  }
}
