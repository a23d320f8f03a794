/** What a node may no longer do in the name of a client that went elsewhere, and what the tables refuse by themselves. */
import type { FixCommand } from '@piculus/protocol';
import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { Replaced } from '../../src/base/replaced.ts';
import type { Session } from '../../src/base/services.ts';
import { createClients } from '../../src/clients/index.ts';
import { createCollections } from '../../src/collections/index.ts';
import { sqlState } from '../../src/store/availability.ts';
import { answerLease, deleteLease } from '../../src/store/leases.ts';
import { nextConnection } from '../../src/store/fencing.ts';
import { helloOf, problemOf, refusal } from '../collections/world.ts';
import { MINUTE_MS, type Story, tellStory } from './story.ts';
import { answers, FIX, order, orders, SYSTEM } from './world.ts';

const CLIENT = 'client-of-two-nodes';

/** The client says hello at a node. */
async function greets(story: Story, nodeId: string, given?: string): Promise<Session> {
  const { world } = story;
  const clients = createClients({ ...world.context, nodeId });
  const number = given ?? (await nextConnection(world.database.db));
  const connection = await clients.connected(SYSTEM, helloOf(CLIENT, [FIX]), number);
  return world.session({ clientId: CLIENT, connection });
}

async function due(story: Story, count: number): Promise<void> {
  const { world } = story;
  const solution = await world.solution();
  await world.report(orders(world, count));
  world.clock.pass(MINUTE_MS);
  await world.tick(solution);
}

async function row(story: Story, table: 'clients' | 'leases', columns: string): Promise<unknown[]> {
  const found = await sql`SELECT ${sql.raw(columns)} FROM ${sql.table(`piculus.${table}`)}`.execute(
    story.world.database.db,
  );
  return found.rows;
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe.each(TEST_ENGINES)('fencing on %s', (engine) => {
  const story = tellStory(engine);

  it('takes nothing from the connection before the newest', async () => {
    const { world } = story;
    await due(story, 3);
    const old = await greets(story, 'node-a');
    const { command } = await story.claimed(old, 1);
    const young = await greets(story, 'node-b');
    // The hello names what the client works on.
    expect([...(await world.executions.renew(CLIENT, [command.leaseId], young.connection))]).toHaveLength(1);

    expect(await failureOf(world.executions.claim(old, 1))).toBeInstanceOf(Replaced);
    expect(await failureOf(world.executions.record(old, answers(world, command, 'fixed')))).toBeInstanceOf(
      Replaced,
    );
    expect([...(await world.executions.renew(CLIENT, [command.leaseId], old.connection))]).toEqual([]);
    expect(await refusal(world.executions.giveBack(command.leaseId, old))).toMatchObject({
      code: 'stale-lease',
    });
    const clients = createClients({ ...world.context, nodeId: 'node-b' });
    const beat = { leases: [], collectCommands: [], freePlaces: 1, eventLoopLagMs: 1 };
    expect(await failureOf(clients.heartbeat(CLIENT, beat, old.connection))).toBeInstanceOf(Replaced);
    await clients.disconnected(CLIENT, old.connection);
    expect(await row(story, 'clients', 'node_id, disconnected_at, last_heartbeat_at')).toEqual([
      { node_id: 'node-b', disconnected_at: null, last_heartbeat_at: null },
    ]);

    await world.executions.record(young, answers(world, command, 'fixed'));
    expect(await world.executions.claim(young, 1)).not.toBeNull();
  });

  it('refuses a hello that was said before the one that counts', async () => {
    const { world } = story;
    const late = await nextConnection(world.database.db);
    const young = await greets(story, 'node-b');
    expect(await failureOf(greets(story, 'node-a', late))).toBeInstanceOf(Replaced);
    expect(await row(story, 'clients', 'node_id, connection')).toEqual([
      { node_id: 'node-b', connection: young.connection },
    ]);
  });

  it('numbers a greeting of a build that knows of no numbers', async () => {
    const { world } = story;
    const young = await greets(story, 'node-b');
    await sql`
      INSERT INTO piculus.clients AS c (client_id, sys_code, hello, node_id, connected_at)
      VALUES (${CLIENT}, ${SYSTEM}, '{}', 'node-old', now())
      ON CONFLICT (client_id) DO UPDATE SET hello = excluded.hello, node_id = excluded.node_id,
        connected_at = excluded.connected_at, disconnected_at = NULL
      WHERE c.sys_code = excluded.sys_code`.execute(world.database.db);
    expect(await failureOf(world.executions.claim(young, 1))).toBeNull();
    await due(story, 1);
    expect(await failureOf(world.executions.claim(young, 1))).toBeInstanceOf(Replaced);
  });

  it('lets an answer count for the lease only that was read', async () => {
    const { world } = story;
    await due(story, 1);
    const session = await greets(story, 'node-a');
    const { command } = await story.claimed(session);
    const { db } = world.database;
    const held = { id: command.leaseId, epoch: 1, connection: session.connection ?? null };
    const nothing = { answeredIds: [], closedAt: null };
    const tries = [
      { ...held, epoch: 2 },
      { ...held, epoch: 0 },
      { ...held, connection: '0' },
      { ...held, id: 'no-such-lease' },
    ];
    for (const other of tries) {
      const answered = db.transaction().execute((tx) => answerLease(tx, other, nothing));
      expect(await refusal(answered)).toMatchObject({ code: 'stale-lease' });
      const deleted = db.transaction().execute((tx) => deleteLease(tx, other));
      expect(await refusal(deleted)).toMatchObject({ code: 'stale-lease' });
    }
    await db
      .transaction()
      .execute((tx) => answerLease(tx, held, { ...nothing, closedAt: world.clock.now() }));
    const again = db.transaction().execute((tx) => answerLease(tx, held, nothing));
    expect(await refusal(again)).toMatchObject({ code: 'stale-lease' });
  });

  it('has tables that refuse it too, whatever the statement', async () => {
    const { world } = story;
    await due(story, 2);
    const old = await greets(story, 'node-a');
    const { command } = await story.claimed(old, 1);
    const { db } = world.database;
    const change = async (set: string): Promise<string | undefined> =>
      sqlState(await failureOf(sql`UPDATE piculus.leases SET ${sql.raw(set)}`.execute(db)));
    expect(await change('epoch = 0')).toBe('PF001');
    expect(await change("client_id = 'another'")).toBe('PF001');
    expect(await change('connection = connection - 1')).toBe('PF002');
    expect(await change('connection = NULL')).toBe('PF002');
    await greets(story, 'node-b');
    const copied = sql`
      INSERT INTO piculus.leases (id, sys_code, fix_code, solution_id, solution_version, max_retries, client_id, node_id,
        trigger, connection, problem_ids, business_keys, leased_at, expires_at)
      SELECT 'another', sys_code, fix_code, solution_id, solution_version, max_retries, client_id, node_id,
        trigger, connection, problem_ids, business_keys, leased_at, expires_at FROM piculus.leases`.execute(
      db,
    );
    expect(sqlState(await failureOf(copied))).toBe('PF002');
    world.clock.pass(MINUTE_MS);
    expect(await world.executions.rescueExpired()).toBe(1);
    expect(await change('expires_at = expires_at + interval $$1 hour$$')).toBe('PF001');
    expect(await row(story, 'leases', 'id, epoch')).toEqual([{ id: command.leaseId, epoch: 2 }]);
  });

  it('holds for collects as well', async () => {
    const { world } = story;
    const { db } = world.database;
    const old = await greets(story, 'node-a');
    const collections = createCollections(world.context);
    const made = await sql<{ id: string }>`
      INSERT INTO piculus.collections (trigger, window_from, window_to, created_at)
      VALUES ('click', now() - interval '1 day', now(), now()) RETURNING id`.execute(db);
    await sql`
      INSERT INTO piculus.collect_commands (collection_id, sys_code, state, window_from, window_to, created_at)
      VALUES (${made.rows[0]?.id}, ${SYSTEM}, 'waiting', now() - interval '1 day', now(), now())`.execute(db);
    const command = await collections.claim(old);
    if (command === null) throw new Error('nothing to collect');
    const young = await greets(story, 'node-b');
    await collections.renew(CLIENT, [command.commandId], young.connection ?? null);
    const { commandId, epoch } = command;
    const report = (sequence: number) => ({
      commandId,
      epoch,
      sequence,
      problems: [problemOf(`K${sequence}`)],
    });
    expect(await failureOf(collections.report(old, report(1)))).toBeInstanceOf(Replaced);
    expect(
      await failureOf(collections.progress(old, { commandId, epoch, rowsScanned: 9, problemsFound: 1 })),
    ).toBeInstanceOf(Replaced);
    await collections.report(young, report(1));
    const change = async (set: string): Promise<string | undefined> =>
      sqlState(await failureOf(sql`UPDATE piculus.collect_commands SET ${sql.raw(set)}`.execute(db)));
    expect(await change('epoch = epoch - 1')).toBe('PF001');
    expect(await change('connection = connection - 1')).toBe('PF002');
    await sql`UPDATE piculus.collect_commands SET state = 'cancelled', finished_at = now(), lease_expires_at = NULL`.execute(
      db,
    );
    expect(await change('rows_scanned = 1')).toBe('PF001');
    await sql`TRUNCATE piculus.collect_commands, piculus.collections CASCADE`.execute(db);
  });
});

type Act = { readonly act: 'greets' | 'claims' | 'renews' | 'records' | 'is rescued'; readonly node: 0 | 1 };

describe('one client over two nodes', () => {
  const story = tellStory('postgres');
  const acts = fc.array(
    fc.record<Act>({
      act: fc.constantFrom('greets', 'claims', 'renews', 'records', 'is rescued'),
      node: fc.constantFrom(0, 1),
    }),
    { minLength: 5, maxLength: 25 },
  );

  it('never has a key under two leases, and lets only the newest connection claim and answer', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(acts, async (steps) => {
        const { world } = story;
        round += 1;
        const solution = await world.solution({ maxRetries: 99 });
        await world.report([order(world, `A${round}`), order(world, `B${round}`)]);
        world.clock.pass(MINUTE_MS);
        const sessions: Session[] = [await greets(story, 'node-a'), await greets(story, 'node-b')];
        const held: FixCommand[] = [];
        let newest = 1;
        for (const { act, node } of steps) {
          const session = sessions[node];
          if (session === undefined) throw new Error('no session');
          const isNewest = node === newest;
          if (act === 'greets') {
            sessions[node] = await greets(story, `node-${node}`);
            newest = node;
          } else if (act === 'claims') {
            await world.tick(solution);
            const claimed = await failureOf(
              world.executions.claim(session, 1).then((command) => {
                if (command !== null) held.push(command);
                return command;
              }),
            );
            expect(claimed instanceof Replaced).toBe(!isNewest);
          } else if (act === 'renews') {
            const ids = held.map(({ leaseId }) => leaseId);
            const renewed = await world.executions.renew(CLIENT, ids, session.connection);
            if (!isNewest) expect(renewed.size).toBe(0);
          } else if (act === 'records') {
            const command = held.at(-1);
            if (command === undefined) continue;
            const before = await sql<{ connection: string }>`
              SELECT connection FROM piculus.leases WHERE id = ${command.leaseId}`.execute(world.database.db);
            const body = answers(world, command, 'not-this-problem');
            const refused = await failureOf(world.executions.record(session, body));
            const lifted = BigInt(before.rows[0]?.connection ?? 0);
            if (lifted > BigInt(session.connection ?? 0)) expect(refused).toBeInstanceOf(Replaced);
          } else {
            world.clock.pass(MINUTE_MS);
            await world.executions.rescueExpired();
          }
          const open = await sql<{ keys: number; distinct: number }>`
            SELECT count(*)::int AS keys, count(DISTINCT business_key)::int AS distinct FROM (
              SELECT unnest(business_keys) AS business_key FROM piculus.leases WHERE closed_at IS NULL) AS held`.execute(
            world.database.db,
          );
          expect(open.rows[0]?.keys).toBe(open.rows[0]?.distinct);
        }
        await sql`TRUNCATE piculus.solutions, piculus.solution_versions, piculus.leases`.execute(
          world.database.db,
        );
      }),
      { numRuns: 25 },
    );
  });
});
