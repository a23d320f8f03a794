/**
 * Broken messages among good ones, over every transport: each good one is acknowledged, each broken one is in the list of
 * messages with its reason, and the server works on.
 */
import { LIMITS } from '@piculus/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RawClient } from '../../transports/raw-client.ts';
import { createWorld, transportOf, WAYS, type World } from '../../transports/world.ts';

const GOOD_BETWEEN = 99;
const envelope = (rest: string): string => `{"v":1,"id":"poison","at":"2026-01-01T00:00:00.000Z",${rest}}`;

/** What a broken sender may send, by what is wrong with it. */
const POISON: Readonly<Record<string, string>> = {
  'no JSON': '{"v":1,',
  'no message': '[]',
  'deep nesting': envelope(`"type":"heartbeat","body":${'['.repeat(5_000)}${']'.repeat(5_000)}`),
  'keys of prototypes': envelope(
    '"type":"heartbeat","body":{"__proto__":{"admin":true},"constructor":{"prototype":{}},"freePlaces":1}',
  ),
  'an unknown word': envelope('"type":"problems","body":{"handling":"magic"}'),
  'huge numbers': envelope(
    '"type":"heartbeat","body":{"freePlaces":1e308,"leases":[],"collectCommands":[],"eventLoopLagMs":-1}',
  ),
  'an unknown type': envelope('"type":"toString","body":{}'),
  'a field too many': envelope(
    '"type":"heartbeat","body":{"freePlaces":1,"leases":[],"collectCommands":[],"eventLoopLagMs":0,"more":1}',
  ),
  'bytes that are no text': '\u0000\u0001\ufffd\ufffd',
  'too much of it': envelope(`"type":"heartbeat","body":{"text":"${'x'.repeat(LIMITS.messageBytes)}"}`),
};

let world: World;
const systems = { websocket: 'PBAP', nats: 'PBMS' } as const;

beforeAll(async () => {
  world = await createWorld(Object.values(systems));
});
afterAll(() => world.stop());

it.each(WAYS)(
  'acknowledges all good messages and lists all broken ones over %s',
  async (way) => {
    const system = world.system(systems[way]);
    const transport = transportOf(way, world, system);
    // One connection to the end: whoever had to come back for each broken message would lose more than that one.
    const client = await new RawClient().greeted(transport);
    for (const poison of Object.values(POISON)) {
      client.sendText(poison);
      const ids = Array.from({ length: GOOD_BETWEEN }, () => client.heartbeat());
      for (const id of ids) expect((await client.acknowledged(id)).type).toBe('ack');
    }
    const last = client.heartbeat();
    expect((await client.acknowledged(last)).type).toBe('ack');
    client.close();
    await listed(system.sysCode, Object.keys(POISON).length);
  },
  120_000,
);

/** The list is written in batches, so that the last ones come a moment later. */
async function listed(sysCode: string, wanted: number): Promise<void> {
  const deadline = AbortSignal.timeout(120_000);
  for (;;) {
    const { items } = await world.api.listMessages({
      query: { sysCode, direction: 'in', state: ['refused'], limit: 100 },
    });
    if (items.length >= wanted || deadline.aborted) {
      expect(items.map(({ errorCode }) => errorCode === null)).toEqual(Array(wanted).fill(false));
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
