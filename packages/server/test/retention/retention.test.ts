import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createCleaner } from '../../src/dispatch/cleaner.ts';
import { messagePartitions } from '../../src/store/retention.ts';
import { DAY_MS, helloOf, openWorld, START, type World } from '../collections/world.ts';

describe.each(TEST_ENGINES)('retention on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.drop());

  const ago = (ms: number): Date => new Date(world.clock.now().getTime() - ms);
  const count = async (table: string): Promise<number> => {
    const found = await sql<{ n: string }>`SELECT count(*) AS n FROM piculus.${sql.raw(table)}`.execute(
      world.db,
    );
    return Number(found.rows[0]?.n);
  };
  const message = (at: Date) =>
    sql`
    INSERT INTO piculus.messages (at, message_id, direction, type, state, size_bytes)
    VALUES (${at}, 'm', 'in', 'heartbeat', 'accepted', 1)`.execute(world.db);

  it('makes the days of messages ahead, puts rows into them, and drops them whole when their time has come', async () => {
    world.clock.set(START);
    const cleaner = createCleaner(world.context, { messageDays: 14, partitionDaysAhead: 2 });
    await cleaner.runOnce();
    await cleaner.runOnce();
    expect(await messagePartitions(world.db)).toEqual([
      'messages_20261122',
      'messages_20261123',
      'messages_20261124',
    ]);
    await message(START);
    await message(new Date(START.getTime() + DAY_MS));
    expect([
      await count('messages_20261122'),
      await count('messages_20261123'),
      await count('messages_default'),
    ]).toEqual([1, 1, 0]);
    // The whole of 22 November is 14 days old when 7 December begins, not before.
    world.clock.set(new Date('2026-12-06T23:59:59Z'));
    await cleaner.runOnce();
    expect(await messagePartitions(world.db)).toContain('messages_20261122');
    world.clock.set(new Date('2026-12-07T00:00:00Z'));
    await cleaner.runOnce();
    expect(await messagePartitions(world.db)).not.toContain('messages_20261122');
    expect(await messagePartitions(world.db)).toContain('messages_20261123');
    expect(await count('messages')).toBe(1);
  });

  it('leaves rows of a day without a partition where they are, and deletes them one by one in batches', async () => {
    world.clock.set(new Date('2027-01-10T12:00:00Z'));
    for (let index = 0; index < 7; index += 1) await message(ago(index * 60_000));
    await message(ago(15 * DAY_MS));
    await message(ago(15 * DAY_MS));
    const cleaner = createCleaner(world.context, { messageDays: 14, batchRows: 1, batchesPerRound: 1 });
    const before = await count('messages_default');
    await cleaner.runOnce();
    expect(await count('messages_default')).toBe(before - 1);
    await cleaner.runOnce();
    await cleaner.runOnce();
    expect(await count('messages_default')).toBe(7);
    expect(await messagePartitions(world.db)).not.toContain('messages_20270110');
    expect(await messagePartitions(world.db)).toContain('messages_20270111');
  });

  it('forgets keys, leases and clients after their time, and nothing before', async () => {
    world.clock.set(START);
    const sysCode = await world.newSystem();
    const key = (name: string, at: Date) =>
      sql`
      INSERT INTO piculus.idempotency_keys (actor, key, request_hash, created_at)
      VALUES ('operator', ${name}, ${Buffer.from('x')}, ${at})`.execute(world.db);
    const lease = (id: string, closedAt: Date | null) =>
      sql`
      INSERT INTO piculus.leases (id, sys_code, fix_code, solution_id, solution_version, max_retries, client_id, node_id, trigger,
        problem_ids, business_keys, leased_at, expires_at, closed_at)
      VALUES (${id}, ${sysCode}, 'fixA', 1, 1, 0, 'c', 'n', 'tick', '{1}', '{k}', ${START}, ${START}, ${closedAt})`.execute(
        world.db,
      );
    await key('old', ago(DAY_MS + 1));
    await key('young', ago(DAY_MS - 1_000));
    await lease('old', ago(7 * DAY_MS + 1));
    await lease('young', ago(7 * DAY_MS - 1_000));
    await lease('open', null);
    for (const clientId of ['old', 'young', 'silent'])
      await world.clients.connected(sysCode, helloOf(clientId, []));
    await sql`UPDATE piculus.clients SET disconnected_at = ${ago(30 * DAY_MS + 1)} WHERE client_id = 'old'`.execute(
      world.db,
    );
    await sql`UPDATE piculus.clients SET connected_at = ${ago(61_000)} WHERE client_id = 'silent'`.execute(
      world.db,
    );

    await createCleaner(world.context).runOnce();
    const keys = await sql<{ key: string }>`SELECT key FROM piculus.idempotency_keys`.execute(world.db);
    expect(keys.rows).toEqual([{ key: 'young' }]);
    const leases = await sql<{ id: string }>`SELECT id FROM piculus.leases ORDER BY id`.execute(world.db);
    expect(leases.rows.map(({ id }) => id)).toEqual(['open', 'young']);
    const clients = await sql<{ client_id: string; disconnected_at: Date | null }>`
      SELECT client_id, disconnected_at FROM piculus.clients ORDER BY client_id`.execute(world.db);
    expect(clients.rows).toEqual([
      { client_id: 'silent', disconnected_at: ago(61_000) },
      { client_id: 'young', disconnected_at: null },
    ]);
    // Acts, versions and systems are history: they stay.
    expect(await count('audit')).toBeGreaterThan(0);
    expect(await count('systems')).toBe(1);
  });
});
