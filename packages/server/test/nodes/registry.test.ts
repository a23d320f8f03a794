/** What a node says of itself, and that nothing of it comes after its goodbye. */
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { sql } from 'kysely';
import { type OpenTestDatabase, openTestDatabase } from '../../../../test/support/database.ts';
import { systemClock } from '../../src/base/clock.ts';
import { contextOf } from '../../src/base/context.ts';
import { createWake } from '../../src/base/wake.ts';
import { createNodeSelf, createRegistry, type Registry } from '../../src/nodes/registry.ts';
import { readNodes } from '../../src/store/nodes.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { openPool, transaction } from '../../src/store/pool.ts';

let database: OpenTestDatabase;
beforeAll(async () => {
  database = await openTestDatabase('postgres', 4);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await sql`DELETE FROM piculus.nodes`.execute(database.db);
});

interface Node {
  readonly registry: Registry;
  readonly told: string[];
  readonly nodeId: () => string;
}

/** @param signing runs when the node is about to give a sign of life. */
function node(address: string, db: Database = database.db, signing: () => void = () => {}): Node {
  const self = createNodeSelf(() => systemClock.uuid());
  const context = contextOf({
    db,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    nodeId: self.id,
    events: { publish: () => {} },
    wake: createWake(systemClock),
  });
  const told: string[] = [];
  const about = {
    version: '1',
    host: 'test',
    pid: 1,
    address,
    clients: 0,
    secretPrint: 's',
    signingKey: null,
    auditKey: 'a',
  };
  const news = {
    died: () => told.push('died'),
    cutOff: () => told.push('cut off'),
    joined: () => told.push('joined'),
    lost: () => told.push('lost'),
    changed: () => told.push('changed'),
  };
  const registry = createRegistry(context, {
    self,
    about: () => {
      signing();
      return about;
    },
    news,
  });
  return { registry, told, nodeId: () => self.id };
}

const never = new AbortController().signal;
const standing = async (): Promise<string[]> =>
  (await readNodes(database.db)).map(({ address, state }) => `${address} ${state}`);

/** Whoever reads or writes the table of nodes waits meanwhile. @returns what to do while they do, and the end. */
async function whileLocked(
  work: (waiting: (count: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  await transaction(database.db, async (tx) => {
    await sql`LOCK TABLE piculus.nodes IN ACCESS EXCLUSIVE MODE`.execute(tx);
    await work(async (count) => {
      for (let found = -1; found !== count; ) {
        const { rows } = await sql<{ waiting: number }>`
          SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted AND relation = 'piculus.nodes'::regclass`.execute(
          tx,
        );
        found = rows[0]?.waiting ?? 0;
      }
    });
  });
}

it('leaves nothing behind where its goodbye overtakes its first sign of life', async () => {
  const one = node('one');
  const ended: Promise<unknown>[] = [];
  await whileLocked(async (waiting) => {
    ended.push(one.registry.join(never));
    await waiting(1);
    ended.push(one.registry.leave());
  });
  await Promise.allSettled(ended);
  expect(await standing()).not.toContain('one working');
});

it('does not begin anew because a round finds its own goodbye', async () => {
  // With one connection the goodbye is in front of the sign of life that the round is about to give.
  const narrow = openDatabase(openPool({ url: database.url, connectionsMax: 1 }));
  let goodbye: Promise<void> | null = null;
  let leaves = false;
  const one: Node = node('one', narrow, () => {
    if (leaves) goodbye ??= one.registry.leave();
  });
  await one.registry.join(never);
  const name = one.nodeId();
  leaves = true;
  await one.registry.loop.runOnce();
  await goodbye;
  await one.registry.loop.runOnce();
  await one.registry.drain();
  expect(await standing()).toEqual(['one gone']);
  expect(one.nodeId()).toBe(name);
  expect(one.told).not.toContain('died');
  await narrow.destroy();
});

it('goes on under another name where others took it for dead, and says goodbye under that one', async () => {
  const one = node('one');
  await one.registry.join(never);
  await sql`UPDATE piculus.nodes SET state = 'gone', gone_at = now(), gone_because = 'silent'`.execute(
    database.db,
  );
  await one.registry.loop.runOnce();
  expect(one.told).toContain('died');
  expect(await standing()).toEqual(['one gone', 'one working']);
  await one.registry.leave();
  expect(await standing()).toEqual(['one gone', 'one gone']);
});

it('tells that another one came, leaves and left', async () => {
  const [one, two] = [node('one'), node('two')];
  await one.registry.join(never);
  expect(one.told).toEqual([]);
  await two.registry.join(never);
  const told = async (): Promise<string[]> => {
    await one.registry.loop.runOnce();
    return one.told.splice(0);
  };
  expect(await told()).toEqual(['joined', 'changed']);
  expect(await told()).toEqual([]);
  await two.registry.drain();
  expect(await told()).toEqual(['changed']);
  await two.registry.leave();
  expect(await told()).toEqual(['changed']);
  expect(await told()).toEqual([]);
});
