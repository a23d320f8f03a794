/**
 * What every transport must do, as one table run over each. Frames are written by hand where no client would
 * write them; the rows that a piece of work leaves must be the same whichever way its messages went.
 */
import { randomUUID } from 'node:crypto';
import { LIMITS } from '@piculus/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collectorOf, foundProblem } from '../../packages/client/test/support/accounts.ts';
import { nextEvent, rightFix } from '../../packages/client/test/support/client.ts';
import { gate } from '../../packages/client/test/support/gate.ts';
import { RawClient } from './raw-client.ts';
import { clientOver, createWorld, transportOf, WAYS, type Way, type World } from './world.ts';

/** Each way has systems of its own, so that what they leave can be compared. */
const SYSTEMS: Record<Way, { readonly own: string; readonly other: string; readonly rows: string }> = {
  websocket: { own: 'WS-OWN', other: 'WS-OTHER', rows: 'WS-ROWS' },
  nats: { own: 'NATS-OWN', other: 'NATS-OTHER', rows: 'NATS-ROWS' },
};

let world: World;
beforeAll(async () => {
  world = await createWorld(WAYS.flatMap((way) => Object.values(SYSTEMS[way])));
});
afterAll(() => world?.stop());

describe.each(WAYS)('over %s', (way) => {
  const own = (): ReturnType<typeof transportOf> => transportOf(way, world, world.system(SYSTEMS[way].own));

  test('a hello is welcomed, and every message acknowledged in its order', async () => {
    const client = await new RawClient().greeted(own());
    const sent = Array.from({ length: 100 }, () => client.heartbeat());
    await client.acknowledged(sent.at(-1) ?? '');
    const acknowledged = client.frames.filter(({ type }) => type === 'ack').map(({ body }) => body.re);
    expect(acknowledged).toEqual(sent);
    client.close();
    await client.closed();
  });

  test('an acknowledgement comes after the commit', async () => {
    const { clientId } = await new RawClient().greeted(own()).then(async (client) => {
      await client.acknowledged(client.heartbeat());
      client.close();
      return client;
    });
    const { rows } = await world.pool.query('SELECT sys_code FROM piculus.clients WHERE client_id = $1', [
      clientId,
    ]);
    expect(rows).toEqual([{ sys_code: SYSTEMS[way].own }]);
  });

  test('a message of the largest size goes through, a larger one is refused by its code', async () => {
    const client = await new RawClient().greeted(own());
    const id = randomUUID();
    const body = { freePlaces: 4, leases: [], collectCommands: [], eventLoopLagMs: 0 };
    const frame = client.frameOf(id, 'heartbeat', body);
    client.sendText(frame.padEnd(LIMITS.messageBytes, ' '));
    expect(await client.acknowledged(id)).toMatchObject({ type: 'ack' });
    client.sendText(frame.padEnd(LIMITS.messageBytes + 1, ' '));
    expect(await client.until(({ type }) => type === 'error')).toMatchObject({ body: { code: 'too-large' } });
    expect(await client.acknowledged(client.heartbeat())).toMatchObject({ type: 'ack' });
    client.close();
    const flood = await new RawClient().greeted(own());
    flood.sendText(frame.padEnd(3 * LIMITS.messageBytes, ' '));
    await flood.closed();
  });

  test.each([
    ['what is no JSON', 'not JSON', 'broken-json'],
    [
      'a message of another version',
      '{"v":99,"id":"x","at":"2026-01-01T00:00:00.000Z","type":"ack","body":{}}',
      '',
    ],
    ['an object key that is forbidden', '{"__proto__":1}', ''],
  ])('%s is refused and put aside, and the connection goes on', async (_, text, code) => {
    const client = await new RawClient().greeted(own());
    client.sendText(text);
    const refused = await client.until(({ type }) => type === 'error');
    if (code !== '') expect(refused.body.code).toBe(code);
    expect(await client.acknowledged(client.heartbeat())).toMatchObject({ type: 'ack' });
    client.close();
  });

  test('a message before the hello is refused', async () => {
    const client = await new RawClient().connect(own());
    client.heartbeat();
    expect(await client.until(({ type }) => type === 'error')).toMatchObject({
      body: { code: 'out-of-order' },
    });
    await client.closed();
  });

  test('a key that is not known is refused at the door, and so is one of another system', async () => {
    const { own: sysCode, other } = SYSTEMS[way];
    const unknown = { sysCode, key: `pic_${sysCode}_${'x'.repeat(43)}` };
    await expect(new RawClient().connect(transportOf(way, world, unknown))).rejects.toMatchObject({
      kind: 'unauthorised',
    });
    const foreign = world.system(other).key.replace(`pic_${other}_`, `pic_${sysCode}_`);
    await expect(
      new RawClient().connect(transportOf(way, world, { sysCode, key: foreign })),
    ).rejects.toMatchObject({ kind: 'unauthorised' });
  });

  test('a key that is revoked ends its connections and lets nobody in', async () => {
    const sysCode = SYSTEMS[way].own;
    const { key, info } = await world.api.createSystemKey({ params: { sysCode } });
    const transport = transportOf(way, world, { sysCode, key });
    const client = await new RawClient().greeted(transport);
    await world.api.revokeSystemKey({ params: { sysCode, id: info.id } });
    expect(await client.closed()).toContain('key-revoked');
    await expect(new RawClient().connect(transport)).rejects.toMatchObject({ kind: 'unauthorised' });
  });

  test('a second connection of a client replaces the first', async () => {
    const first = await new RawClient().greeted(own());
    const second = await new RawClient(first.clientId).greeted(own());
    expect(await first.closed()).toContain('replaced');
    expect(await second.acknowledged(second.heartbeat())).toMatchObject({ type: 'ack' });
    second.close();
    await second.closed();
  });

  test("a client of another system cannot take a client's place or speak for its system", async () => {
    const { own: sysCode, other } = SYSTEMS[way];
    const client = await new RawClient().greeted(own());
    const intruder = await new RawClient(client.clientId).connect(
      transportOf(way, world, world.system(other)),
    );
    intruder.hello();
    expect(await intruder.until(({ type }) => type === 'error')).toMatchObject({
      body: { code: 'wrong-system' },
    });
    await intruder.closed();
    const liar = await new RawClient().connect(transportOf(way, world, world.system(other)));
    const hello = JSON.parse(liar.frameOf(randomUUID(), 'ack', { re: 'x' }));
    liar.sendText(JSON.stringify({ ...hello, sysCode }));
    expect(await liar.until(({ type }) => type === 'error')).toMatchObject({
      body: { code: 'wrong-system' },
    });
    await liar.closed();
    expect(await client.acknowledged(client.heartbeat())).toMatchObject({ type: 'ack' });
    client.close();
    await client.closed();
  });

  test('work that runs while the connection breaks is answered once, over another one', async () => {
    const system = world.system(SYSTEMS[way].rows);
    const [begun, held] = [gate(), gate()];
    const broken = breakable(transportOf(way, world, system));
    const client = clientOver(way, world, system, {
      transport: broken.transport,
      fixes: [
        {
          collector: collectorOf(Array.from({ length: 30 }, (_, index) => foundProblem(`R${index}`))),
          fix: {
            ...rightFix,
            async examine({ businessKey }) {
              if (businessKey === 'R7') {
                begun.open();
                await held.opened;
              }
              return null;
            },
          },
        },
      ],
    });
    const online = nextEvent(client, ({ type }) => type === 'welcome');
    const collected = nextEvent(client, ({ type }) => type === 'collect-finished');
    client.start();
    await online;
    await world.api.startCollection({ body: { sysCodes: [system.sysCode] } });
    await collected;
    const { items } = await world.api.listProblems({ query: { sysCode: [system.sysCode] } });
    let left = items.length;
    const finished = nextEvent(client, ({ type }) => type === 'fix-finished' && --left === 0);
    await world.api.runProblems({ body: { ids: items.map(({ id }) => id), reason: 'a test' } });
    await begun.opened;
    const back = nextEvent(client, ({ type }) => type === 'welcome');
    broken.cut();
    await back;
    held.open();
    await finished;
    await client.stop();
    const states = await world.pool.query(
      'SELECT state, count(*)::int FROM piculus.problems WHERE sys_code = $1 GROUP BY state',
      [system.sysCode],
    );
    expect(states.rows).toEqual([{ state: 'cleared', count: 30 }]);
  });
});

test('the same work leaves the same rows whichever way its messages went', async () => {
  const left = await Promise.all(
    WAYS.map(async (way) => {
      const { rows } = await world.pool.query(
        `SELECT p.business_key, p.state, p.scenario, p.handling, p.fix_code, e.outcome, e.attempt
         FROM piculus.problems p JOIN piculus.executions e ON e.problem_id = p.id
         WHERE p.sys_code = $1 ORDER BY p.business_key, e.id`,
        [SYSTEMS[way].rows],
      );
      return rows;
    }),
  );
  expect(left[0]).toHaveLength(30);
  expect(left[1]).toEqual(left[0]);
});

/** A transport whose link a test can cut, as a network does. */
function breakable(transport: ReturnType<typeof transportOf>) {
  let close = (): void => {};
  return {
    transport: {
      async connect(...args: Parameters<typeof transport.connect>) {
        const link = await transport.connect(...args);
        close = () => link.close('cut by the test');
        return link;
      },
    },
    cut: () => close(),
  };
}
