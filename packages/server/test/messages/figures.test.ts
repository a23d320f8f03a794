/** Figures of messages for charts, on both databases. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, TEST_ENGINES } from '../../../../test/support/database.ts';
import { contextOf } from '../../src/base/context.ts';
import type { MessageEntry } from '../../src/base/services.ts';
import { createFigures, spanOf } from '../../src/messages/figures.ts';
import { createMessages, type MessageLog } from '../../src/messages/index.ts';
import { createMessagePartitions } from '../../src/store/retention.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createWake } from '../../src/base/wake.ts';
import { systemClock } from '../../src/base/clock.ts';
import { testClock } from '../collections/world.ts';
import { ANYONE } from '../../../../test/support/callers.ts';

const AT = Date.parse('2026-11-22T10:30:30.000Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const iso = (ms: number): string => new Date(ms).toISOString();

describe('the span of the figures', () => {
  it.each([
    ['a minute', MINUTE_MS, 1_000],
    ['an hour', HOUR_MS, MINUTE_MS],
    ['six hours', 6 * HOUR_MS, 5 * MINUTE_MS],
    ['a day', 24 * HOUR_MS, 15 * MINUTE_MS],
  ])('of %s has slots that begin at round times, at most 120', (_name, ms, slotMs) => {
    const span = spanOf({ from: iso(AT - ms), to: iso(AT) }, AT);
    expect(span.slotMs).toBe(slotMs);
    expect(span.from.getTime() % slotMs).toBe(0);
    expect(span.from.getTime()).toBeLessThanOrEqual(AT - ms);
    expect(span.to.getTime()).toBeGreaterThanOrEqual(AT);
    expect((span.to.getTime() - span.from.getTime()) / slotMs).toBeLessThanOrEqual(120);
  });

  it('is the last hour by default, and refused where it is empty, turned round or more than a day', () => {
    expect(spanOf({}, AT)).toMatchObject({
      from: new Date('2026-11-22T09:30:00.000Z'),
      to: new Date('2026-11-22T10:31:00.000Z'),
    });
    for (const query of [
      { from: iso(AT), to: iso(AT) },
      { from: iso(AT + 1) },
      { from: iso(AT - 24 * HOUR_MS - 1), to: iso(AT) },
    ]) {
      expect(() => spanOf(query, AT)).toThrow(
        expect.objectContaining({
          code: 'invalid-field',
          fields: [expect.objectContaining({ field: 'from' })],
        }),
      );
    }
  });
});

describe.each(TEST_ENGINES)('figures of messages on %s', (engine) => {
  let database: Awaited<ReturnType<typeof openTestDatabase>>;
  let log: MessageLog;
  const clock = testClock();
  beforeAll(async () => {
    database = await openTestDatabase(engine);
    await createMessagePartitions(database.db, new Date(AT), 1);
    log = createMessages(
      contextOf({
        db: database.db,
        clock,
        log: createLogger('silent'),
        nodeId: 'n',
        events: { publish: () => {} },
        wake: createWake(systemClock),
      }),
    );
  });
  afterAll(() => database.drop());

  let written = 0;
  const write = async (...entries: Partial<MessageEntry>[]): Promise<void> => {
    for (const change of entries) {
      written += 1;
      log.record({
        messageId: `m${written}`,
        direction: 'in',
        type: 'heartbeat',
        sysCode: 'PBAP',
        clientId: 'c1',
        state: 'accepted',
        sizeBytes: 10,
        at: new Date(AT),
        payload: null,
        ...change,
      });
    }
    await log.flush();
  };

  it('count both directions, faults, bytes and latencies by slot, the empty ones too', async () => {
    clock.set(new Date(AT));
    const at = (ms: number) => ({ at: new Date(AT - ms) });
    await write(
      ...[1, 2, 3, 4, 100].map((latencyMs) => ({ ...at(0), latencyMs })),
      { ...at(10), direction: 'out', state: 'lost', sizeBytes: 1_000 },
      { ...at(20), state: 'refused', errorCode: 'wrong-version', sysCode: null },
      { ...at(10 * MINUTE_MS), direction: 'out', state: 'acknowledged', latencyMs: 7 },
      at(2 * HOUR_MS),
      { at: new Date(AT + HOUR_MS) },
    );
    const figures = await log.stats({}, ANYONE);
    expect(figures).toMatchObject({
      from: '2026-11-22T09:30:00.000Z',
      to: '2026-11-22T10:31:00.000Z',
      slotMs: MINUTE_MS,
    });
    expect(figures.slots).toHaveLength(61);
    expect(figures.slots.at(-1)).toEqual({
      at: '2026-11-22T10:30:00.000Z',
      in: 6,
      out: 1,
      failed: 2,
      sizeBytes: 1_060,
      latencyP50Ms: 3,
      latencyP95Ms: expect.closeTo(80.8, 3),
    });
    const empty = { in: 0, out: 0, failed: 0, sizeBytes: 0, latencyP50Ms: null, latencyP95Ms: null };
    expect(figures.slots[0]).toEqual({ at: '2026-11-22T09:30:00.000Z', ...empty });
    expect(figures.slots.find(({ out, at: when }) => out > 0 && when < '2026-11-22T10:30')).toMatchObject({
      at: '2026-11-22T10:20:00.000Z',
      latencyP50Ms: 7,
    });
    const ofSystem = await log.stats({ sysCode: 'PBAP', from: iso(AT - MINUTE_MS), to: iso(AT + 1) }, ANYONE);
    expect(ofSystem.slots.reduce((sum, slot) => sum + slot.in + slot.out, 0)).toBe(6);
    expect(
      (await log.stats({ sysCode: 'NOBODY' }, ANYONE)).slots.every((slot) => slot.in + slot.out === 0),
    ).toBe(true);
  });

  it('are counted once in a few seconds, however many ask', async () => {
    clock.set(new Date(AT + 2 * HOUR_MS));
    const total = async () =>
      (await log.stats({ sysCode: 'CACHE' }, ANYONE)).slots.reduce((sum, slot) => sum + slot.in, 0);
    const message = { sysCode: 'CACHE', at: new Date(AT + 2 * HOUR_MS - 1) };
    await write(message);
    expect(await total()).toBe(1);
    await write(message);
    expect(await total()).toBe(1);
    clock.advance(5_000);
    expect(await total()).toBe(2);
  });

  it('are asked again where the first question failed', async () => {
    const gone = await openTestDatabase();
    await gone.drop();
    let db = gone.db;
    const figures = createFigures({
      clock,
      get db() {
        return db;
      },
    });
    await expect(figures.read({}, 'all')).rejects.toThrow();
    db = database.db;
    expect((await figures.read({}, 'all')).slots).toHaveLength(61);
  });

  it('look at the partitions of their span only', async () => {
    if (engine === 'embedded') return;
    const plan = await sql<{ 'QUERY PLAN': string }>`EXPLAIN SELECT count(*) FROM piculus.messages m
      WHERE m.at >= ${iso(AT)}::timestamptz AND m.at < ${iso(AT + HOUR_MS)}::timestamptz`.execute(
      database.db,
    );
    const text = plan.rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(text).toContain('messages_20261122');
    expect(text).not.toContain('messages_20261123');
  });

  it('are told apart by new filters of the list', async () => {
    await write(
      { sysCode: 'FILTER', messageId: 'one', latencyMs: 5, sizeBytes: 100 },
      { sysCode: 'FILTER', messageId: 'two', latencyMs: 50, sizeBytes: 1_000 },
      { sysCode: 'FILTER', messageId: 'three', state: 'refused', errorCode: 'busy' },
    );
    const found = async (filter: object) => {
      const { items } = await log.list({ sysCode: 'FILTER', limit: 10, ...filter }, ANYONE);
      return items.map(({ messageId }) => messageId);
    };
    expect(await found({ messageId: 'one' })).toEqual(['one']);
    expect(await found({ latencyMsFrom: 5.5 })).toEqual(['two']);
    expect(await found({ latencyMsFrom: 5 })).toEqual(['two', 'one']);
    expect(await found({ sizeBytesFrom: 100 })).toEqual(['two', 'one']);
    expect(await found({ sizeBytesFrom: 10_000_000_000 })).toEqual([]);
    expect(await found({ errorCode: ['busy', 'stopping'] })).toEqual(['three']);
  });
});
