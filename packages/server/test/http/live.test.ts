import { PiculusError } from '@piculus/protocol';
import { API_PREFIX } from '@piculus/protocol/http';
import { fastify } from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createLiveEvents } from '../../src/events/live-events.ts';
import { registerLiveEvents } from '../../src/http/live.ts';
import { ANYONE } from '../../../../test/support/callers.ts';
import { startTestServer, type TestServer } from '../server/support.ts';

let test: TestServer;
beforeAll(async () => {
  test = await startTestServer();
});
afterAll(() => test.stop());

interface Event {
  id: string;
  event: string;
  data: unknown;
}

/** Reads a stream of events until it has one that is wanted. */
async function listen(lastId: string | null, wants: (event: Event) => boolean): Promise<Event[]> {
  const response = await fetch(`${test.address}${API_PREFIX}/events`, {
    headers: {
      authorization: `Bearer ${test.token}`,
      ...(lastId === null ? {} : { 'last-event-id': lastId }),
    },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  const events: Event[] = [];
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = Object.fromEntries(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s, 2)),
      );
      text = text.slice(end + 2);
      if (block.event === undefined) continue;
      events.push({ id: block.id, event: block.event, data: JSON.parse(block.data) });
      if (events.some(wants)) {
        return events;
      }
    }
  }
  return events;
}
const ofSystem = (sysCode: string) => (event: Event) => JSON.stringify(event.data).includes(`"${sysCode}"`);
const create = (sysCode: string) => test.api.createSystem({ body: { sysCode, name: sysCode } });

describe('live events', () => {
  it('come to a reader that is there', async () => {
    const heard = listen(null, ofSystem('LIVE'));
    // The first event says where the reader stands; only then is it certain to hear what follows.
    await listen(null, ({ event }) => event === 'hello');
    await create('LIVE');
    const events = await heard;
    expect(events.some(ofSystem('LIVE'))).toBe(true);
  });

  it('are resumed after the last one that was seen', async () => {
    const [start] = await listen(null, ({ event }) => event === 'hello');
    await create('MISSED');
    await create('MISSED2');
    const events = await listen(start?.id ?? '', ofSystem('MISSED2'));
    expect(events.filter(({ event }) => event === 'hello' || event === 'reset')).toEqual([]);
    const seen = events.findIndex(ofSystem('MISSED'));
    expect(seen).toBeGreaterThanOrEqual(0);
    const rest = await listen(events[seen]?.id ?? '', ofSystem('MISSED2'));
    expect(rest.some(ofSystem('MISSED'))).toBe(false);
  });

  it('begin with a reset for a reader from before a restart', async () => {
    const [first] = await listen('00000000-17', () => true);
    expect(first?.event).toBe('reset');
  });

  it('end when the server stops', async () => {
    const other = await startTestServer();
    const response = await fetch(`${other.address}${API_PREFIX}/events`, {
      headers: { authorization: `Bearer ${other.token}` },
    });
    const ended = response.text();
    await other.stop();
    expect(await ended).toContain('event: hello');
  });
});

describe('a stream', () => {
  it('ends soon after its reader signed out, and stays while only the database is away', async () => {
    const http = fastify();
    let refusal: PiculusError | null = new PiculusError('database-away');
    let pulses = 0;
    const admit = async (): Promise<void> => {
      pulses += 1;
      if (pulses > 1 && refusal !== null) throw refusal;
    };
    const live = registerLiveEvents(http, {
      events: createLiveEvents(systemClock),
      clock: systemClock,
      admit,
      callerOf: () => ANYONE,
      heartbeatMs: 5,
    });
    const address = await http.listen({ port: 0 });
    const response = await fetch(`${address}${API_PREFIX}/events`);
    await vi.waitFor(() => expect(pulses).toBeGreaterThan(3), { timeout: 60_000 });
    expect(live.readers).toBe(1);
    refusal = new PiculusError('not-signed-in');
    expect(await response.text()).toContain('event: beat\n');
    await live.stop();
    await http.close();
  });
});

describe('the ring', () => {
  const event = (id: number) => ({
    topic: 'problems' as const,
    sysCode: 'PBAP',
    ids: [String(id)],
    more: false,
  });
  it('gives everything after an id, and says where it does not reach back', () => {
    const ring = createLiveEvents(systemClock, 10);
    const start = ring.lastId;
    for (let i = 1; i <= 10; i += 1) ring.publish(event(i));
    expect(ring.since(start)?.map(({ event: { ids } }) => ids[0])).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
      '10',
    ]);
    for (let i = 11; i <= 100; i += 1) ring.publish(event(i));
    expect(ring.since(start)).toBeNull();
    expect(ring.since(ring.lastId)).toEqual([]);
    const [origin] = ring.lastId.split('-');
    expect(ring.since(`${origin}-98`)?.map(({ event: { ids } }) => ids[0])).toEqual(['99', '100']);
    expect(ring.since(`${origin}-101`)).toBeNull();
    expect(ring.since('nonsense')).toBeNull();
  });

  it('names at most a hundred ids and says that there are more', () => {
    const ring = createLiveEvents(systemClock);
    const start = ring.lastId;
    ring.publish({ ...event(1), ids: Array.from({ length: 150 }, (_, i) => String(i)) });
    const [only] = ring.since(start) ?? [];
    expect([only?.event.ids.length, only?.event.more]).toEqual([100, true]);
  });
});
