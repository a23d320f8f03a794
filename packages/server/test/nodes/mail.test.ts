import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type OpenTestDatabase, openTestDatabase } from '../../../../test/support/database.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { contextOf } from '../../src/base/context.ts';
import { createWake } from '../../src/base/wake.ts';
import { createNodeMail, type NodeMail } from '../../src/nodes/mail.ts';
import { createMailSealing, secretPrint } from '../../src/nodes/sealing.ts';
import { transaction } from '../../src/store/pool.ts';

const SECRET = 'kQ3vT9xW2mZ8rL5yB1nH7cJ4fD6gS0pA';
let database: OpenTestDatabase;
let skippedMs = 0;
const clock: Clock = { ...systemClock, elapsedMs: () => systemClock.elapsedMs() + skippedMs };

beforeAll(async () => {
  database = await openTestDatabase('postgres', 4);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await sql`DELETE FROM piculus.node_messages`.execute(database.db);
});

interface Node {
  readonly mail: NodeMail;
  readonly got: unknown[];
  readonly missed: () => number;
  read(): Promise<void>;
  clean(): Promise<void>;
}

async function node(nodeId: string, secret = SECRET, keptMs = 60_000): Promise<Node> {
  const context = contextOf({
    db: database.db,
    clock,
    log: pino({ level: 'silent' }),
    nodeId,
    events: { publish: () => {} },
    wake: createWake(clock),
  });
  const mail = createNodeMail(context, secret, { keptMs });
  const got: unknown[] = [];
  let missed = 0;
  mail.on('tell', (from, body) => got.push([from, body]));
  mail.onMissed(() => {
    missed += 1;
  });
  const [reader, cleaner] = mail.loops;
  if (reader === undefined || cleaner === undefined) throw new Error('mail has a reader and a cleaner');
  await reader.runOnce();
  // Whoever begins to read may have been told something before.
  expect(missed).toBe(1);
  missed = 0;
  return { mail, got, missed: () => missed, read: () => reader.runOnce(), clean: () => cleaner.runOnce() };
}

it('comes once to whom it is for, and not to oneself', async () => {
  const [a, b, c] = [await node('a'), await node('b'), await node('c')];
  await a.mail.send('tell', null, { n: 1 });
  await a.mail.send('tell', 'c', { n: 2 });
  await a.mail.send('ask', 'b', { nobody: 'listens' });
  for (const one of [a, b, c, a, b, c]) await one.read();
  expect(a.got).toEqual([]);
  expect(b.got).toEqual([['a', { n: 1 }]]);
  expect(c.got).toEqual([
    ['a', { n: 1 }],
    ['a', { n: 2 }],
  ]);
});

it('comes also where a lower id is committed after a higher one was read', async () => {
  const [a, b] = [await node('a'), await node('b')];
  const sealing = createMailSealing(SECRET, clock);
  const body = sealing.seal({ from: 'a', to: null, kind: 'tell' }, { n: 'late' });
  await transaction(database.db, async (tx) => {
    await sql`INSERT INTO piculus.node_messages (from_node, kind, body) VALUES ('a', 'tell', ${body})`.execute(
      tx,
    );
    await a.mail.send('tell', null, { n: 'early' });
    await b.read();
    expect(b.got).toEqual([['a', { n: 'early' }]]);
  });
  await b.read();
  await b.read();
  expect(b.got).toEqual([
    ['a', { n: 'early' }],
    ['a', { n: 'late' }],
  ]);
});

it('is unreadable in the database, to another secret and under another address', async () => {
  const [a, b, stranger] = [await node('a'), await node('b'), await node('c', `${SECRET}x`)];
  await a.mail.send('tell', null, { value: 'in-clear-nowhere' });
  const { rows } = await sql<{ body: Buffer }>`SELECT body FROM piculus.node_messages`.execute(database.db);
  expect(rows[0]?.body.includes('in-clear-nowhere')).toBe(false);
  await sql`INSERT INTO piculus.node_messages (from_node, kind, body)
    SELECT 'somebody else', kind, body FROM piculus.node_messages`.execute(database.db);
  await Promise.all([b.read(), stranger.read()]);
  expect(b.got).toEqual([['a', { value: 'in-clear-nowhere' }]]);
  expect(stranger.got).toEqual([]);
  expect(secretPrint(SECRET)).not.toBe(secretPrint(`${SECRET}x`));
});

it('tells who was away for too long that something may be missed, and is deleted after its time', async () => {
  const [a, b] = [await node('a'), await node('b', SECRET, 20_000)];
  await a.mail.send('tell', null, { n: 1 });
  await b.read();
  expect(b.missed()).toBe(0);
  await sql`UPDATE piculus.node_messages SET at = at - interval '21 seconds'`.execute(database.db);
  await a.mail.send('tell', null, { n: 2 });
  await b.clean();
  skippedMs += 15_000;
  await b.read();
  expect(b.missed()).toBe(1);
  expect(b.got).toHaveLength(2);
  const { rows } = await sql<{ left: number }>`
    SELECT count(*)::int AS left FROM piculus.node_messages`.execute(database.db);
  expect(rows[0]?.left).toBe(1);
});
