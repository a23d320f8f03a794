/** Every topic of live events × every person × where the event is of, as the policy lines of the topics say. */
import { BUILT_IN_ROLES, LIVE_ACCESS, VERBS } from '@piculus/protocol';
import { API_PREFIX, LIVE_TOPICS, type LiveEvent, type LiveTopic } from '@piculus/protocol/http';
import { fastify } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, inScope } from '../../packages/server/src/base/access.ts';
import { systemClock } from '../../packages/server/src/base/clock.ts';
import { createLiveEvents, type LiveEventRing } from '../../packages/server/src/events/live-events.ts';
import { visibleTo } from '../../packages/server/src/events/visible.ts';
import { type LiveRoutes, registerLiveEvents } from '../../packages/server/src/http/live.ts';
import { granted, limited } from '../support/callers.ts';

const OWN = 'OWN';
const FOREIGN = 'FOREIGN';
const PEOPLE: readonly Caller[] = [
  ...Object.entries(BUILT_IN_ROLES).map(([role, verbs]) => limited(role, [OWN], verbs)),
  ...VERBS.map((verb) => limited(`only ${verb}`, [OWN], [verb])),
  granted('nobody', []),
  granted('of everything', [{ verbs: VERBS, sysCode: null }]),
];

interface Place {
  readonly name: string;
  readonly sysCode: string | null;
  readonly systems?: readonly string[];
}
const PLACES: readonly Place[] = [
  { name: 'the own system', sysCode: OWN },
  { name: 'a foreign system', sysCode: FOREIGN },
  { name: 'both', sysCode: null, systems: [OWN, FOREIGN] },
  { name: 'foreign systems', sysCode: null, systems: [FOREIGN, 'ANOTHER'] },
  { name: 'no system', sysCode: null },
];

/** What the lines say: all of it, that something changed, or nothing. */
function expected(topic: LiveTopic, caller: Caller, { sysCode, systems }: Place): 'all' | 'hint' | 'nothing' {
  const policy = LIVE_ACCESS[topic];
  if (!('verb' in policy)) return 'all';
  const scope = caller.scope(policy.verb);
  if (scope === 'all') return 'all';
  if (policy.where === 'everywhere' || scope.size === 0) return 'nothing';
  const of = systems ?? (sysCode === null ? null : [sysCode]);
  if (of === null) return 'hint';
  return of.some((code) => inScope(scope, code)) ? 'all' : 'nothing';
}

function outcome(event: LiveEvent | null): 'all' | 'hint' | 'nothing' {
  if (event === null) return 'nothing';
  return event.ids.length === 0 && event.more ? 'hint' : 'all';
}

describe('live events', () => {
  it.each(LIVE_TOPICS)('of %s are told to who may see them', (topic) => {
    const ring = createLiveEvents(systemClock);
    for (const { name, ...place } of PLACES) {
      ring.publish({ topic, ...place, ids: ['1'], more: false });
      const [event] =
        ring.since(ring.lastId.replace(/-(\d+)$/, (_, last: string) => `-${Number(last) - 1}`)) ?? [];
      if (event === undefined) throw new Error('the ring lost an event');
      for (const caller of PEOPLE) {
        const where = [topic, name, caller.actor];
        expect([...where, outcome(visibleTo(event, caller))]).toEqual([
          ...where,
          expected(topic, caller, { name, ...place }),
        ]);
      }
    }
  });
});

describe('a stream', () => {
  let ring: LiveEventRing;
  let live: LiveRoutes;
  let address = '';
  let reader: Caller = granted('nobody', []);
  const http = fastify();

  beforeAll(async () => {
    ring = createLiveEvents(systemClock);
    live = registerLiveEvents(http, {
      events: ring,
      clock: systemClock,
      admit: async () => {},
      callerOf: () => reader,
    });
    address = await http.listen({ port: 0 });
  });
  afterAll(async () => {
    await live.stop();
    await http.close();
  });

  const change = (sysCode: string, id: string): void =>
    ring.publish({ topic: 'problems', sysCode, ids: [id], more: false });

  /** Reads until the text holds the mark. */
  async function read(body: ReadableStreamDefaultReader<Uint8Array>, until: string): Promise<string> {
    let text = '';
    while (!text.includes(until)) {
      const { value, done } = await body.read();
      if (done) return text;
      text += Buffer.from(value).toString();
    }
    return text;
  }

  it('never holds an id of a foreign system, and follows a change of grants at once', async () => {
    reader = limited('reader', [OWN], ['view']);
    const response = await fetch(`${address}${API_PREFIX}/events`);
    const body = response.body?.getReader();
    if (body === undefined) throw new Error('there is no stream');
    await read(body, 'hello');
    change(FOREIGN, 'foreign-1');
    change(OWN, 'own-1');
    expect(await read(body, 'own-1')).not.toContain('foreign');
    reader = limited('reader', ['THIRD'], ['view']);
    change(OWN, 'own-2');
    change('THIRD', 'third-1');
    expect(await read(body, 'third-1')).not.toContain('own');
    await body.cancel();
  });

  it('that resumes holds nothing foreign of what was missed either', async () => {
    reader = limited('reader', [OWN], ['view']);
    const headers = { 'last-event-id': ring.lastId };
    change(FOREIGN, 'foreign-2');
    change(OWN, 'own-3');
    const response = await fetch(`${address}${API_PREFIX}/events`, { headers });
    const body = response.body?.getReader();
    if (body === undefined) throw new Error('there is no stream');
    expect(await read(body, 'own-3')).not.toContain('foreign');
    await body.cancel();
  });
});
