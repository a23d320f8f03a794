import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, TEST_ENGINES } from '../../../../test/support/database.ts';
import { contextOf } from '../../src/base/context.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/logger.ts';
import type { Context, MessageEntry } from '../../src/base/services.ts';
import { createWake } from '../../src/base/wake.ts';
import { createLiveEvents } from '../../src/events/live-events.ts';
import { createMessages } from '../../src/messages/index.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openPool } from '../../src/store/pool.ts';
import { ANYONE } from '../../../../test/support/callers.ts';

const entry = (messageId: string, change: Partial<MessageEntry> = {}): MessageEntry => ({
  messageId,
  direction: 'in',
  type: 'heartbeat',
  sysCode: 'PBAP',
  clientId: 'c1',
  state: 'accepted',
  sizeBytes: 10,
  at: new Date('2026-11-22T10:00:00.000Z'),
  payload: { a: 1 },
  ...change,
});
const out = (messageId: string, change: Partial<MessageEntry> = {}): MessageEntry =>
  entry(messageId, { direction: 'out', type: 'fix', state: 'sent', ...change });

function contextWith(db: Context['db']): Context {
  return contextOf({
    db,
    clock: systemClock,
    log: createLogger('silent'),
    nodeId: 'n',
    events: createLiveEvents(systemClock),
    wake: createWake(systemClock),
  });
}

describe.each(TEST_ENGINES)('the message log on %s', (engine) => {
  let database: Awaited<ReturnType<typeof openTestDatabase>>;
  let context: Context;
  beforeAll(async () => {
    database = await openTestDatabase(engine);
    context = contextWith(database.db);
  });
  afterAll(() => database.drop());
  const all = async (sysCode: string) => {
    const { items } = await createMessages(context).list({ sysCode, limit: 500 }, ANYONE);
    return items.map(({ messageId, state, latencyMs, errorCode }) => [
      messageId,
      state,
      latencyMs,
      errorCode,
    ]);
  };

  it('settles before, while and after the row is written', async () => {
    const log = createMessages(context);
    log.record(out('before', { sysCode: 'SETTLE' }));
    log.settle('before', 'acknowledged', 5);
    log.record(out('while', { sysCode: 'SETTLE' }));
    const flushing = log.flush();
    log.settle('while', 'refused', 6, 'busy');
    await flushing;
    log.record(out('after', { sysCode: 'SETTLE' }));
    log.record(out('never', { sysCode: 'SETTLE' }));
    await log.flush();
    log.settle('after', 'lost', null);
    log.settle('after', 'acknowledged', 9);
    log.settle('unknown', 'acknowledged', 9);
    await log.flush();
    expect(await all('SETTLE')).toEqual([
      ['never', 'sent', null, null],
      ['after', 'lost', null, null],
      ['while', 'refused', 6, 'busy'],
      ['before', 'acknowledged', 5, null],
    ]);
  });

  it('pages by key, filters on every field', async () => {
    const log = createMessages(context);
    for (let i = 0; i < 25; i += 1)
      log.record(entry(`p${i}`, { sysCode: 'PAGE', type: i % 2 === 0 ? 'even' : 'odd' }));
    await log.flush();
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await log.list({ sysCode: 'PAGE', limit: 10, after }, ANYONE);
      seen.push(...page.items.map(({ messageId }) => messageId));
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `p${24 - i}`));
    const filter = { sysCode: 'PAGE', limit: 50 };
    const count = async (change: object) => (await log.list({ ...filter, ...change }, ANYONE)).items.length;
    expect(await count({ type: ['even'] })).toBe(13);
    expect(await count({ type: ['even', 'odd'], state: ['accepted'], direction: 'in', clientId: 'c1' })).toBe(
      25,
    );
    expect(await count({ state: ['lost'] })).toBe(0);
    expect(await count({ from: '2026-11-22T10:00:00Z', to: '2026-11-22T10:00:01Z' })).toBe(25);
    expect(await count({ from: '2026-11-22T10:00:01Z' })).toBe(0);
    expect(await count({ collectionId: '9' })).toBe(0);
    expect(await count({ leaseId: 'x' })).toBe(0);
    await expect(log.list({ ...filter, after: '1; drop' }, ANYONE)).rejects.toMatchObject({
      code: 'invalid-field',
    });
  });

  it('stores what PostgreSQL cannot, in a bounded form', async () => {
    const log = createMessages(context);
    log.record(
      entry('n\u0000ul', { sysCode: 'ODD', type: 't\ud800', payload: { 'k\u0000': 'v\u0000\ud800' } }),
    );
    log.record(
      entry('large', {
        sysCode: 'ODD',
        payload: { text: Array.from({ length: 1_000 }, () => 'xxxxxxxxxx') },
      }),
    );
    log.record(entry('none', { sysCode: 'ODD', payload: undefined }));
    await log.flush();
    const { items } = await log.list({ sysCode: 'ODD', limit: 10 }, ANYONE);
    expect(items.map(({ payload }) => payload)).toEqual([
      null,
      { truncated: true, characters: expect.any(Number) },
      { 'k\u{FFFD}': 'v\u{FFFD}\u{FFFD}' },
    ]);
  });
});

describe('a database that is away', () => {
  it('neither blocks nor grows the log, and what fits is written when it is back', async () => {
    const database = await openTestDatabase();
    const away = openDatabase(openPool({ url: 'postgres://nobody@127.0.0.1:1/none', connectTimeoutMs: 500 }));
    const context = { ...contextWith(away) };
    const log = createMessages(context, { bufferRowsMax: 50 });
    log.record(out('oldest'));
    for (let i = 0; i < 100; i += 1) log.record(entry(`m${i}`));
    await expect(log.flush()).rejects.toMatchObject({ code: 'database-away' });
    expect(log.dropped).toBe(51);
    // Settling what was dropped is harmless.
    log.settle('oldest', 'acknowledged', 1);
    Object.assign(context, { db: database.db });
    await log.flush();
    const { items } = await log.list({ limit: 100 }, ANYONE);
    expect(items.map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 50 }, (_, i) => `m${99 - i}`),
    );
    await away.destroy();
    await database.drop();
  });
});
