import { describe, expect, test } from 'vitest';
import { createTestServer, manualClock } from '../../src/testing/index.ts';
import { collectorOf } from '../support/accounts.ts';
import { clientOf, command, heldFix, item, nextEvent, rightFix } from '../support/client.ts';
import { gate } from '../support/gate.ts';

describe('stopping', () => {
  test('finishes what runs, answers what was not begun, and hands everything over', async () => {
    const { fix, running, held } = heldFix();
    const server = createTestServer();
    const client = clientOf(server, { places: 1, fixes: [{ collector: collectorOf(), fix }] });
    client.start();
    const results = server.fix([command('R1'), command('R2')]);
    await running.opened;
    const stopped = client.stop();
    expect(client.state).toBe('stopping');
    expect(
      await server.send('fix', { leaseId: 'late', epoch: 1, leaseMs: 60_000, items: [item('R9')] }),
    ).toBe('stopping');
    held.open();
    const [first, second] = await results;
    expect(first).toMatchObject({ outcome: 'already-right' });
    expect(second).toMatchObject({ outcome: 'not-yet', reason: 'not begun: the client stops' });
    await stopped;
    expect(client.state).toBe('stopped');
    await client.stop();
  });

  test('gives up after its time and does not wait for work that does not listen', async () => {
    const running = gate();
    const fix = {
      ...rightFix,
      examine: () => {
        running.open();
        return new Promise<never>(() => {});
      },
    };
    const server = createTestServer();
    const clock = manualClock();
    const client = clientOf(server, { clock, fixes: [{ collector: collectorOf(), fix }] });
    client.start();
    await server.connected();
    await server.send('fix', { leaseId: 'lease', epoch: 1, leaseMs: 60_000, items: [item('R1')] });
    await running.opened;
    const stopped = client.stop({ drainMs: 3_000 });
    await clock.advance(3_000);
    await stopped;
    expect(server.received.filter(({ type }) => type === 'fix-results')).toEqual([]);
  });

  test('says at once that it leaves, and closes when the server knows it', async () => {
    const held = gate();
    const begun = gate();
    const server = createTestServer({
      before: (message) => {
        if (message.type !== 'leaving') return;
        begun.open();
        return held.opened;
      },
    });
    const client = clientOf(server);
    const online = nextEvent(client, (event) => event.type === 'state' && event.state === 'online');
    client.start();
    await online;
    const stopped = client.stop();
    await begun.opened;
    // Sent when it had left already: the server learns that it was not taken.
    expect(
      await server.send('fix', { leaseId: 'late', epoch: 1, leaseMs: 60_000, items: [item('R9')] }),
    ).toBe('stopping');
    expect(client.state).toBe('stopping');
    held.open();
    await stopped;
    expect(server.received.filter(({ type }) => type === 'leaving')).toHaveLength(2);
  });

  test('in the moment of its welcome hands over what it was given by then', async () => {
    const { fix, running, held } = heldFix();
    const taken = gate();
    const server = createTestServer({
      before: (message) => (message.type === 'fix-results' ? taken.opened : undefined),
    });
    const client = clientOf(server, { fixes: [{ collector: collectorOf(), fix }] });
    client.start();
    const results = server.fix([command('R1')]);
    await running.opened;
    // The command came right behind the welcome, before the client calls itself online.
    expect(client.state).toBe('connecting');
    const stopped = client.stop();
    held.open();
    await server.message(({ type }) => type === 'hello');
    taken.open();
    expect(await results).toMatchObject([{ outcome: 'already-right' }]);
    await stopped;
    expect(server.received.some(({ type }) => type === 'leaving')).toBe(true);
  });

  test('closes also where the server does not know the word, or cannot take it', async () => {
    for (const code of ['unknown-type', 'internal'] as const) {
      let said = 0;
      const server = createTestServer({
        refuse: ({ type }) => {
          if (type !== 'leaving') return null;
          said += 1;
          return code;
        },
      });
      const client = clientOf(server);
      const online = nextEvent(client, (event) => event.type === 'state' && event.state === 'online');
      client.start();
      await online;
      await client.stop();
      expect(said).toBeGreaterThanOrEqual(2);
    }
  });

  test('before the start and twice is no fault', async () => {
    const client = clientOf(createTestServer());
    await Promise.all([client.stop(), client.stop()]);
    expect(client.state).toBe('stopped');
  });

  test('without a connection does not wait for one', async () => {
    const server = createTestServer();
    server.refuseConnections('unreachable');
    const clock = manualClock();
    const client = clientOf(server, { clock });
    client.start();
    await clock.sleeping();
    await client.stop();
    expect(client.state).toBe('stopped');
  });
});
