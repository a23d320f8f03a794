import { LIMITS } from '@piculus/protocol';
import { describe, expect, test } from 'vitest';
import { createTestServer, manualClock, memoryJournal } from '../../src/testing/index.ts';
import { collectorOf, factsOf } from '../support/accounts.ts';
import { clientOf, command, heldFix, item, nextEvent, rightFix } from '../support/client.ts';
import { gate } from '../support/gate.ts';

describe('leases', () => {
  test('a lease that the server took away is given up, and its result is not sent', async () => {
    const { fix, running, held } = heldFix();
    const server = createTestServer({ lost: (leases) => [...leases] });
    const client = clientOf(server, { places: 1, fixes: [{ collector: collectorOf(), fix }] });
    client.start();
    await server.send('fix', {
      leaseId: 'lease',
      epoch: 1,
      leaseMs: 60_000,
      items: [item('R1'), item('R2')],
    });
    await running.opened;
    const back = nextEvent(client, ({ type }) => type === 'welcome');
    const gaveUp = nextEvent(client, ({ type }) => type === 'fix-finished');
    server.drop();
    await back;
    expect(
      await server.send('fix', { leaseId: 'lease', epoch: 1, leaseMs: 60_000, items: [item('R1')] }),
    ).toBe('stale-lease');
    held.open();
    // Without a lease there is nobody to answer to, whatever the run came to.
    await gaveUp;
    expect(await server.fix([command('R3')])).toMatchObject([{ outcome: 'already-right' }]);
    expect(server.results.size).toBe(1);
    await client.stop();
  });

  test('work that goes on over a loss of the connection is answered on the next one', async () => {
    const { fix, running, held } = heldFix();
    const server = createTestServer();
    const client = clientOf(server, { fixes: [{ collector: collectorOf(), fix }] });
    client.start();
    const result = server.fix([command('R1')], { leaseId: 'lease' });
    await running.opened;
    server.drop();
    const hello = await server.message(
      (message) => message.type === 'hello' && message.body.leases.length > 0,
    );
    expect(hello.body).toMatchObject({ leases: ['lease'] });
    held.open();
    expect(await result).toMatchObject([{ outcome: 'already-right' }]);
    await client.stop();
  });

  test('a command that was not begun before its lease ran out is not begun', async () => {
    const clock = manualClock();
    const held = gate();
    let examined = 0;
    const fix = {
      ...rightFix,
      examine: async () => {
        examined += 1;
        await held.opened;
      },
    };
    // The server hears the heartbeats and never answers them.
    const server = createTestServer({
      before: ({ type }) => (type === 'heartbeat' ? new Promise(() => {}) : undefined),
    });
    const client = clientOf(server, { clock, places: 1, fixes: [{ collector: collectorOf(), fix }] });
    client.start();
    await server.send('fix', {
      leaseId: 'lease',
      epoch: 1,
      leaseMs: 15_000,
      items: [item('R1'), item('R2')],
    });
    await clock.advance(20_000);
    const gaveUp = nextEvent(client, ({ type }) => type === 'fix-finished');
    held.open();
    await gaveUp;
    expect(examined).toBe(1);
    await client.stop();
    expect(examined).toBe(1);
  });

  test('without a connection nothing is begun under a lease that ran out, until a welcome says that it holds', async () => {
    const clock = manualClock();
    const held = gate();
    const running = gate();
    let examined = 0;
    const fix = {
      ...rightFix,
      examine: async () => {
        examined += 1;
        running.open();
        await held.opened;
      },
    };
    const server = createTestServer();
    const client = clientOf(server, {
      clock,
      places: 1,
      reconnect: { baseMs: 5_000, maxMs: 5_000 },
      fixes: [{ collector: collectorOf(), fix }],
    });
    client.start();
    const results = server.fix([command('R1'), command('R2')], { leaseMs: 15_000 });
    await running.opened;
    server.refuseConnections('unreachable');
    await clock.advance(20_000);
    const first = nextEvent(client, ({ type }) => type === 'fix-finished');
    held.open();
    await first;
    expect(examined).toBe(1);
    server.refuseConnections(null);
    await clock.advance(5_000);
    expect(await results).toHaveLength(2);
    expect(examined).toBe(2);
    await client.stop();
  });

  test('a command that takes too long is asked to give up', async () => {
    const clock = manualClock();
    const fix = {
      ...rightFix,
      examine: (_command: unknown, signal: AbortSignal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    };
    const server = createTestServer();
    const client = clientOf(server, { clock, commandMs: 30_000, fixes: [{ collector: collectorOf(), fix }] });
    client.start();
    const result = server.fix([command('R1')]);
    await clock.sleeping((ms) => ms === 30_000);
    await clock.advance(30_000);
    expect(await result).toMatchObject([{ outcome: 'failed', reason: expect.stringContaining('longer') }]);
    await client.stop();
  });

  test('of two commands, the one that ends in time is not asked to give up', async () => {
    const clock = manualClock();
    const slow = gate();
    const fix = {
      ...rightFix,
      examine: ({ businessKey }: { readonly businessKey: string }, signal: AbortSignal) =>
        businessKey === 'R1'
          ? slow.opened
          : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    };
    const server = createTestServer();
    const client = clientOf(server, { clock, commandMs: 30_000, fixes: [{ collector: collectorOf(), fix }] });
    client.start();
    const first = server.fix([command('R1')]);
    await clock.sleeping((ms) => ms === 30_000);
    await clock.advance(20_000);
    const second = server.fix([command('R2')]);
    slow.open();
    expect(await first).toMatchObject([{ outcome: 'already-right' }]);
    await clock.advance(10_000);
    await clock.sleeping((ms) => ms <= 20_000);
    await clock.advance(20_000);
    expect(await second).toMatchObject([{ outcome: 'failed', reason: expect.stringContaining('longer') }]);
    await client.stop();
  });

  test('more than the places can hold is refused', async () => {
    const held = gate();
    const fix = { ...rightFix, examine: () => held.opened };
    const server = createTestServer();
    const client = clientOf(server, { places: 2, fixes: [{ collector: collectorOf(), fix }] });
    client.start();
    const items = ['R1', 'R2', 'R3', 'R4'].map(item);
    expect(await server.send('fix', { leaseId: 'a', epoch: 1, leaseMs: 60_000, items })).toBeNull();
    expect(await server.send('fix', { leaseId: 'a', epoch: 1, leaseMs: 60_000, items })).toBeNull();
    expect(await server.send('fix', { leaseId: 'b', epoch: 1, leaseMs: 60_000, items: [item('R5')] })).toBe(
      'busy',
    );
    expect(
      await server.send('fix', {
        leaseId: 'c',
        epoch: 1,
        leaseMs: 60_000,
        items: [{ ...item('R6'), fixCode: 'otherFix' }],
      }),
    ).toBe('unknown-fix');
    held.open();
    await client.stop();
  });
});

describe('results', () => {
  test.each(['stale-lease', 'unknown-command'] as const)('answered with %s are dropped', async (code) => {
    const server = createTestServer({ refuse: ({ type }) => (type === 'fix-results' ? code : null) });
    const client = clientOf(server);
    client.start();
    await server.send('fix', { leaseId: 'lease', epoch: 1, leaseMs: 60_000, items: [item('R1')] });
    await client.stop();
    expect(client.state).toBe('stopped');
  });

  test('are sent again while the server cannot take them', async () => {
    let refusals = 3;
    const server = createTestServer({
      refuse: ({ type }) => (type === 'fix-results' && refusals-- > 0 ? 'database-away' : null),
    });
    const client = clientOf(server, { journal: memoryJournal() });
    client.start();
    expect(await server.fix([command('R1')])).toMatchObject([{ outcome: 'already-right' }]);
    await client.stop();
  });

  test('that are too large together go in several messages', async () => {
    const facts = factsOf('SUCCESS', 'credited');
    const fields = Object.fromEntries(
      Array.from({ length: LIMITS.factFields }, (_, n) => [`note${n}`, '账'.repeat(300)]),
    );
    const fix = { ...rightFix, facts: () => ({ ...facts, bank: { ...facts.bank, fields } }) };
    const server = createTestServer();
    const client = clientOf(server, { places: 100, fixes: [{ collector: collectorOf(), fix }] });
    client.start();
    // Some 36 KB each.
    const results = await server.fix(Array.from({ length: 100 }, (_, n) => command(`R${n}`)));
    expect(results).toHaveLength(100);
    for (const { facts: told } of results) expect(told?.bank.fields).toEqual(fields);
    const messages = server.received.filter(({ type }) => type === 'fix-results');
    expect(messages.length).toBeGreaterThan(3);
    await client.stop();
  });
});

describe('a preview', () => {
  test('is answered without a lease', async () => {
    const server = createTestServer();
    const client = clientOf(server);
    client.start();
    expect(await server.preview({ ...command('R1') })).toMatchObject({
      verdict: 'already-right',
      businessKey: 'R1',
      steps: [],
    });
    await client.stop();
  });
});
