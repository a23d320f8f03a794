import { type ClientMessage, LIMITS } from '@piculus/protocol';
import { describe, expect, test } from 'vitest';
import type { CollectEnd, Collector, SharedWalk } from '../../src/index.ts';
import { mergeFeeds } from '../../src/collecting/feeds.ts';
import { createTestServer, manualClock, runCollector } from '../../src/testing/index.ts';
import { collectorOf, FIX_CODE, foundProblem } from '../support/accounts.ts';
import { clientOf, nextEvent, rightFix } from '../support/client.ts';
import { gate } from '../support/gate.ts';
import { seeded } from '../support/seeded.ts';

const WINDOW = { from: new Date('2026-01-01T00:00:00.000Z'), to: new Date('2026-01-02T00:00:00.000Z') };
const fixesOf = (...collectors: Collector[]) =>
  collectors.map((collector) => ({ collector, fix: { ...rightFix, fixCode: collector.fixCode } }));
const isReport = (message: ClientMessage): boolean => message.type === 'problems';

describe('a collect', () => {
  test('reports masked problems and ends honestly', async () => {
    const server = createTestServer();
    const collector = collectorOf([foundProblem('R1', { payee: '6222021234567890123' }), foundProblem('R2')]);
    const client = clientOf(server, { personal: ['payee'], fixes: fixesOf(collector) });
    client.start();
    const { problems, done } = await server.collect({ fixCodes: [FIX_CODE] });
    expect(problems).toMatchObject([
      { fixCode: FIX_CODE, businessKey: 'R1', facts: { order: { fields: { payee: '***0123' } } } },
      { fixCode: FIX_CODE, businessKey: 'R2' },
    ]);
    expect(done).toMatchObject({
      complete: true,
      rowsScanned: 2,
      problemsFound: 2,
      feeds: [{ side: 'bank', complete: true }],
    });
    await client.stop();
  });

  test('goes on with the others where one collector fails, and is not complete', async () => {
    const server = createTestServer();
    const failing: Collector = {
      fixCode: 'failingFix',
      collect: async () => Promise.reject(new Error('relation "orders" of 13800138000')),
    };
    const client = clientOf(server, { fixes: fixesOf(failing, collectorOf([foundProblem('R1')])) });
    client.start();
    const { problems, done } = await server.collect({ fixCodes: ['failingFix', FIX_CODE, 'unknownFix'] });
    expect(problems).toHaveLength(1);
    expect(done.complete).toBe(false);
    expect(done.reason).toBe(
      'failingFix: relation "orders" of ***8000; unknownFix: this client has no such collector',
    );
    await client.stop();
  });

  test('sends batches within the limits of number and bytes', async () => {
    const server = createTestServer();
    const note = '长'.repeat(LIMITS.factTextLength);
    const big = Array.from({ length: 30 }, (_, field) => [`note${field}`, note] as const);
    const problems = [
      ...Array.from({ length: 60 }, (_, index) => foundProblem(`big${index}`, Object.fromEntries(big))),
      ...Array.from({ length: LIMITS.problemsPerMessage * 2 }, (_, index) => foundProblem(`small${index}`)),
    ];
    const client = clientOf(server, { fixes: fixesOf(collectorOf(problems)) });
    client.start();
    const collected = await server.collect({ fixCodes: [FIX_CODE] });
    expect(collected.problems.map(({ businessKey }) => businessKey)).toEqual(
      problems.map(({ businessKey }) => businessKey),
    );
    const reports = server.received.filter(isReport);
    expect(reports.length).toBeGreaterThan(4);
    for (const report of reports)
      expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThanOrEqual(LIMITS.messageBytes);
    await client.stop();
  });

  test('waits while four reports are unacknowledged', async () => {
    const held = gate();
    let unacknowledged = 0;
    let most = 0;
    const fourth = gate();
    const server = createTestServer({
      before: async ({ type }) => {
        if (type !== 'problems') return;
        unacknowledged += 1;
        most = Math.max(most, unacknowledged);
        if (unacknowledged === LIMITS.unacknowledgedReports) fourth.open();
        await held.opened;
        unacknowledged -= 1;
      },
    });
    let reported = 0;
    const batches = 10;
    const collector: Collector = {
      fixCode: FIX_CODE,
      async collect({ report }) {
        for (let batch = 0; batch < batches; batch += 1) {
          await report(
            Array.from({ length: LIMITS.problemsPerMessage }, (_, index) =>
              foundProblem(`R${batch}-${index}`),
            ),
          );
          reported += 1;
        }
        return { feeds: [], complete: true };
      },
    };
    const client = clientOf(server, { fixes: fixesOf(collector) });
    client.start();
    const collected = server.collect({ fixCodes: [FIX_CODE] });
    await fourth.opened;
    // A round trip of another message shows that nothing more is on its way.
    expect(await server.send('cancel-collect', { commandId: 'another' })).toBeNull();
    expect(reported).toBe(LIMITS.unacknowledgedReports - 1);
    held.open();
    expect((await collected).problems).toHaveLength(batches * LIMITS.problemsPerMessage);
    expect(most).toBe(LIMITS.unacknowledgedReports);
    await client.stop();
  });

  test('survives lost connections, each report under its own number', async () => {
    const server = createTestServer({
      faults: { random: seeded(7), loseBefore: 0.1, loseAfter: 0.1 },
    });
    const problems = Array.from({ length: LIMITS.problemsPerMessage * 6 }, (_, index) =>
      foundProblem(`R${index}`),
    );
    const client = clientOf(server, { fixes: fixesOf(collectorOf(problems)) });
    client.start();
    const collected = await server.collect({ fixCodes: [FIX_CODE] });
    expect(collected.problems.map(({ businessKey }) => businessKey)).toEqual(
      problems.map(({ businessKey }) => businessKey),
    );
    expect(server.connections).toBeGreaterThan(1);
    await client.stop();
  });

  test('refuses a second one while one runs, and stands a repeat of its own', async () => {
    const held = gate();
    const server = createTestServer();
    const client = clientOf(server, {
      fixes: fixesOf({
        fixCode: FIX_CODE,
        collect: async () => {
          await held.opened;
          return { feeds: [], complete: true };
        },
      }),
    });
    client.start();
    const command = {
      commandId: 'one',
      collectionId: 'c',
      epoch: 1,
      fixCodes: [FIX_CODE],
      windowFrom: WINDOW.from.toISOString(),
      windowTo: WINDOW.to.toISOString(),
    };
    expect(await server.send('collect', command)).toBeNull();
    expect(await server.send('collect', command)).toBeNull();
    expect(await server.send('collect', { ...command, commandId: 'two' })).toBe('busy');
    const finished = nextEvent(client, ({ type }) => type === 'collect-finished');
    held.open();
    await finished;
    expect(await server.send('collect', { ...command, commandId: 'three', fixCodes: ['unknownFix'] })).toBe(
      'unknown-fix',
    );
    await client.stop();
    expect(server.received.filter(({ type }) => type === 'collect-done')).toHaveLength(1);
  });

  test.each(['cancelled by the server', 'taken over by another client'] as const)(
    '%s: the collector is told and nothing more is said',
    async (how) => {
      const refuse = ({ type }: ClientMessage) =>
        type === 'problems' && how === 'taken over by another client' ? 'stale-lease' : null;
      const server = createTestServer({ refuse });
      const running = gate();
      const collector: Collector = {
        fixCode: FIX_CODE,
        async collect({ signal, report }) {
          running.open();
          if (how === 'taken over by another client')
            await report(
              Array.from({ length: LIMITS.problemsPerMessage }, (_, index) => foundProblem(`R${index}`)),
            );
          await new Promise((_, reject) => {
            if (signal.aborted) reject(signal.reason);
            signal.addEventListener('abort', () => reject(signal.reason));
          });
          return expect.unreachable();
        },
      };
      const client = clientOf(server, { fixes: fixesOf(collector) });
      const finished = nextEvent(client, ({ type }) => type === 'collect-finished');
      client.start();
      const command = {
        commandId: 'one',
        collectionId: 'c',
        epoch: 1,
        fixCodes: [FIX_CODE],
        windowFrom: WINDOW.from.toISOString(),
        windowTo: WINDOW.to.toISOString(),
      };
      await server.send('collect', command);
      await running.opened;
      if (how === 'cancelled by the server') await server.send('cancel-collect', { commandId: 'one' });
      expect(await finished).toMatchObject({ done: null });
      await client.stop();
      expect(server.received.filter(({ type }) => type === 'collect-done')).toEqual([]);
    },
  );

  test('is given up at a stop, so that another client takes it over', async () => {
    const server = createTestServer();
    const running = gate();
    const client = clientOf(server, {
      fixes: fixesOf({
        fixCode: FIX_CODE,
        collect: ({ signal }) => {
          running.open();
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
      }),
    });
    client.start();
    const command = {
      commandId: 'one',
      collectionId: 'c',
      epoch: 1,
      fixCodes: [FIX_CODE],
      windowFrom: WINDOW.from.toISOString(),
      windowTo: WINDOW.to.toISOString(),
    };
    await server.send('collect', command);
    await running.opened;
    await client.stop();
    expect(server.received.filter(({ type }) => type === 'collect-done')).toEqual([]);
  });

  test('that shows no sign of life is given up, so that another client takes it over', async () => {
    const clock = manualClock();
    const server = createTestServer();
    const collector: Collector = {
      fixCode: FIX_CODE,
      collect: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    };
    const client = clientOf(server, { clock, fixes: fixesOf(collector) });
    const finished = nextEvent(client, ({ type }) => type === 'collect-finished');
    client.start();
    await server.send('collect', {
      commandId: 'one',
      collectionId: 'c',
      epoch: 1,
      fixCodes: [FIX_CODE],
      windowFrom: WINDOW.from.toISOString(),
      windowTo: WINDOW.to.toISOString(),
    });
    await clock.sleeping((ms) => ms === 5_000);
    await clock.advance(15 * 60_000 + 5_000);
    expect(await finished).toMatchObject({ done: null });
    const beats = server.received.filter(({ type }) => type === 'heartbeat').map(({ body }) => body);
    expect(beats.at(0)).toMatchObject({ collectCommands: ['one'] });
    expect(beats.at(-1)).toMatchObject({ collectCommands: [] });
    await client.stop();
  });

  test('tells its progress at most once a second', async () => {
    const clock = manualClock();
    const steps = [gate(), gate()];
    const server = createTestServer();
    const client = clientOf(server, {
      clock,
      fixes: fixesOf({
        fixCode: FIX_CODE,
        async collect({ scanned }) {
          for (const step of steps) {
            for (let row = 0; row < 100; row += 1) scanned(1);
            await step.opened;
          }
          return { feeds: [], complete: true };
        },
      }),
    });
    client.start();
    const collected = server.collect({ fixCodes: [FIX_CODE] });
    await clock.advance(1_500);
    for (const step of steps) step.open();
    expect((await collected).done.rowsScanned).toBe(200);
    const progress = server.received.filter(({ type }) => type === 'collect-progress');
    expect(progress.map(({ body }) => body)).toMatchObject([{ rowsScanned: 101, problemsFound: 0 }]);
    await client.stop();
  });

  test('a found problem that is none makes it incomplete and hides no other', async () => {
    const collector = collectorOf([{ ...foundProblem('R1'), amountMinor: '1.5' }, foundProblem('R2')]);
    const { problems, done } = await runCollector(collector, WINDOW);
    expect(problems.map(({ businessKey }) => businessKey)).toEqual(['R2']);
    expect(done).toMatchObject({ complete: false, problemsFound: 1, reason: expect.stringContaining('R1') });
  });
});

describe('collectors that share a walk', () => {
  const end: CollectEnd = { feeds: [], complete: true };
  /** Collectors of these codes on one walk, which notes what it was asked for. */
  const sharing = (fixCodes: readonly string[], collect: SharedWalk['collect']) => {
    const asked: (readonly string[])[] = [];
    const together: SharedWalk = {
      collect: (context) => {
        asked.push(context.fixCodes);
        return collect(context);
      },
    };
    const alone = async () => Promise.reject(new Error('walked alone'));
    return { asked, collectors: fixCodes.map((fixCode) => ({ fixCode, together, collect: alone })) };
  };
  const collectWith = async (collectors: readonly Collector[], fixCodes: readonly string[]) => {
    const server = createTestServer();
    const client = clientOf(server, { fixes: fixesOf(...collectors) });
    client.start();
    const collected = await server.collect({ fixCodes: [...fixCodes] });
    await client.stop();
    return collected;
  };

  test('walk once for those that the command names, each problem under its own code', async () => {
    const { asked, collectors } = sharing(['oneFix', 'otherFix', 'restFix'], async ({ scanned, report }) => {
      scanned(5);
      await report([{ ...foundProblem('R1'), fixCode: 'otherFix' }]);
      await report([{ ...foundProblem('R2'), fixCode: 'oneFix' }]);
      return new Map([
        ['oneFix', end],
        ['otherFix', end],
      ]);
    });
    const all = [...collectors, collectorOf([foundProblem('R3')])];
    const { problems, done } = await collectWith(all, ['otherFix', FIX_CODE, 'oneFix']);
    expect(asked).toEqual([['otherFix', 'oneFix']]);
    expect(problems.map(({ fixCode, businessKey }) => [fixCode, businessKey])).toEqual([
      ['otherFix', 'R1'],
      ['oneFix', 'R2'],
      [FIX_CODE, 'R3'],
    ]);
    expect(done).toMatchObject({ complete: true, rowsScanned: 6, problemsFound: 3 });
  });

  test('are complete each for itself: what nobody asked for, or was not said, is told', async () => {
    const { collectors } = sharing(['oneFix', 'otherFix', 'thirdFix'], async ({ report }) => {
      await report([{ ...foundProblem('R1'), fixCode: 'thirdFix' }]);
      return new Map([
        ['oneFix', end],
        ['otherFix', { ...end, complete: false, reason: 'the bank is late' }],
      ]);
    });
    const { problems, done } = await collectWith(collectors, ['oneFix', 'otherFix']);
    expect(problems).toEqual([]);
    expect(done.complete).toBe(false);
    expect(done.reason).toContain('oneFix: 1 found problems could not be reported');
    expect(done.reason).toContain('otherFix: the bank is late');
    const third = await collectWith(collectors, ['thirdFix']);
    expect(third.done).toMatchObject({
      complete: false,
      reason: 'thirdFix: the walk did not say how it ended',
    });
    expect(third.problems).toHaveLength(1);
  });
});

describe('feeds of several collectors', () => {
  test('reach as far as the least says', () => {
    const reach = (reachesTo: string | null, complete: boolean, note?: string) => ({
      side: 'bank' as const,
      reachesTo,
      complete,
      ...(note ? { note } : {}),
    });
    const [early, late] = ['2026-01-01T00:00:00.000Z', '2026-01-01T08:30:00.000+08:00'];
    expect(mergeFeeds([reach(late, true), reach(early, true)])).toEqual([reach(early, true)]);
    expect(mergeFeeds([reach(late, true, 'a'), reach(null, false, 'b'), reach(early, true, 'a')])).toEqual([
      reach(null, false, 'a; b'),
    ]);
    expect(mergeFeeds([])).toEqual([]);
  });
});
