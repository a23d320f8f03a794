import { COLLECT_STATES, type ClientMessageBody } from '@piculus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  abandonedBecause,
  chooseCollectors,
  collectionState,
  endOf,
  EPOCHS_MAX,
  windowFor,
} from '../../src/collections/rules.ts';
import { DAY_MS, refusal, START } from './world.ts';

const ago = (ms: number): string => new Date(START.getTime() - ms).toISOString();

describe('the window', () => {
  it("is the system's own, ending now, where nothing is asked for", () => {
    expect(windowFor({}, 3 * DAY_MS, START)).toEqual({ from: new Date(ago(3 * DAY_MS)), to: START });
  });
  it('takes each end that is given', () => {
    expect(windowFor({ windowTo: ago(DAY_MS) }, DAY_MS, START)).toEqual({
      from: new Date(ago(2 * DAY_MS)),
      to: new Date(ago(DAY_MS)),
    });
    expect(windowFor({ windowFrom: ago(DAY_MS) }, 3 * DAY_MS, START).from).toEqual(new Date(ago(DAY_MS)));
  });
  it('forgives a clock that is a little ahead, and ends now', () => {
    expect(windowFor({ windowTo: ago(-30_000) }, DAY_MS, START).to).toEqual(START);
  });
  it.each([
    ['ends in the future', { windowTo: ago(-120_000) }, 'windowTo'],
    ['ends before it begins', { windowFrom: ago(DAY_MS), windowTo: ago(2 * DAY_MS) }, 'windowFrom'],
    ['is empty', { windowFrom: ago(DAY_MS), windowTo: ago(DAY_MS) }, 'windowFrom'],
    ['is longer than 90 days', { windowFrom: ago(90 * DAY_MS + 1) }, 'windowFrom'],
    ['begins now', { windowFrom: ago(-1_000), windowTo: ago(-2_000) }, 'windowFrom'],
  ])('is refused where it %s', async (_what, asked, field) => {
    const error = await refusal(Promise.resolve().then(() => windowFor(asked, DAY_MS, START)));
    expect(error.code).toBe('invalid-field');
    expect(error.fields.map((one) => one.field)).toContain(field);
    for (const { reason } of error.fields) expect(reason.en && reason.zh).toBeTruthy();
  });
});

describe('the state of a collection', () => {
  it.each([
    [['waiting', 'waiting'], 'waiting'],
    [['waiting', 'complete'], 'running'],
    [['running', 'failed'], 'running'],
    [['complete', 'complete'], 'complete'],
    [['complete', 'incomplete'], 'incomplete'],
    [['complete', 'failed'], 'incomplete'],
    [['cancelled', 'cancelled'], 'cancelled'],
    [['complete', 'cancelled'], 'incomplete'],
    [['failed', 'failed'], 'failed'],
  ] as const)('of %j is %s', (commands, state) => {
    expect(collectionState(commands)).toBe(state);
  });
  it('does not depend on the order of its commands', () => {
    const states = fc.array(fc.constantFrom(...COLLECT_STATES), { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(states, (list) => collectionState(list) === collectionState([...list].reverse())));
  });
});

describe('the end of a command', () => {
  const done = (
    change: Partial<ClientMessageBody<'collect-done'>> = {},
  ): ClientMessageBody<'collect-done'> => ({
    commandId: '1',
    epoch: 1,
    complete: true,
    rowsScanned: 100,
    problemsFound: 3,
    durationMs: 5,
    feeds: [{ side: 'bank', reachesTo: START.toISOString(), complete: true }],
    ...change,
  });
  const arrived = { stored: 2, highest: 2, problemsReported: 3 };

  it('is complete only where the client says so and everything arrived', () => {
    expect(endOf(done(), arrived, [])).toEqual({ state: 'complete', reason: null });
    expect(
      endOf(done({ problemsFound: 0 }), { stored: 0, highest: 0, problemsReported: 0 }, []),
    ).toMatchObject({ state: 'complete' });
  });
  it.each([
    [
      'the client says no',
      done({ complete: false, reason: 'the statement stops at noon' }),
      arrived,
      [],
      'the statement stops at noon',
    ],
    ['a report in the middle is missing', done(), { ...arrived, stored: 1 }, [], '1 of 2 reports'],
    ['the last report is missing', done({ problemsFound: 5 }), arrived, [], '3 of 5 problems'],
    ['a collector is missing', done(), arrived, ['fixB'], 'no collector for fixB'],
    [
      'a feed does not reach',
      done({ feeds: [{ side: 'bank', reachesTo: null, complete: false, note: 'no page yet' }] }),
      arrived,
      [],
      'bank',
    ],
  ])('is incomplete where %s', (_what, body, received, missing, reason) => {
    const end = endOf(body, received, missing);
    expect(end.state).toBe('incomplete');
    expect(end.reason).toContain(reason);
  });
});

describe('windows that follow each other', () => {
  // A record counts as seen by a collect that runs when it is committed and old enough, and whose window has it.
  const WINDOW_MS = 3 * DAY_MS;
  const MATURE_MS = 30 * 60_000;
  const seen = (collectsAt: readonly number[], createdAt: number, commitDelayMs: number): boolean =>
    collectsAt.some((at) => {
      const { from, to } = windowFor({}, WINDOW_MS, new Date(at));
      const ready = createdAt + Math.max(commitDelayMs, MATURE_MS) <= at;
      return ready && from.getTime() <= createdAt && createdAt < to.getTime();
    });

  it('leave no record out, however late it was committed, while collects come often enough', () => {
    const scenario = fc.integer({ min: 1, max: 6 * 3_600_000 }).chain((commitMaxMs) =>
      fc.record({
        gaps: fc.array(fc.integer({ min: 1, max: WINDOW_MS - Math.max(commitMaxMs, MATURE_MS) }), {
          minLength: 3,
          maxLength: 30,
        }),
        records: fc.array(
          fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), delayMs: fc.nat(commitMaxMs) }),
          { minLength: 1, maxLength: 30 },
        ),
      }),
    );
    fc.assert(
      fc.property(scenario, ({ gaps, records }) => {
        const collectsAt: number[] = [START.getTime()];
        for (const gap of gaps) collectsAt.push((collectsAt.at(-1) ?? 0) + gap);
        const last = collectsAt.at(-1) ?? 0;
        for (const { share, delayMs } of records) {
          const createdAt = Math.floor(START.getTime() + share * (last - START.getTime()));
          // What is not ready at the last collect is the next one's.
          if (createdAt + Math.max(delayMs, MATURE_MS) > last) continue;
          expect(seen(collectsAt, createdAt, delayMs)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('lose a record where collects are further apart than the window reaches', () => {
    const collectsAt = [START.getTime(), START.getTime() + WINDOW_MS + MATURE_MS + 2];
    expect(seen(collectsAt, START.getTime() + 1, 0)).toBe(false);
  });
});

it('chooses what was asked for among what the client has', () => {
  expect(chooseCollectors([], new Set(['b', 'a']))).toEqual({ fixCodes: ['a', 'b'], missing: [] });
  expect(chooseCollectors(['a', 'c'], new Set(['b', 'a']))).toEqual({ fixCodes: ['a'], missing: ['c'] });
});

it('gives a command up only where nobody can take it, or everybody failed', () => {
  const able = [{ collectors: ['a'] }];
  expect(abandonedBecause({ epoch: 0, fix_codes: [] }, [])).toContain('no client');
  expect(abandonedBecause({ epoch: 0, fix_codes: [] }, [{ collectors: [] }])).toContain('any collector');
  expect(abandonedBecause({ epoch: 0, fix_codes: ['b'] }, able)).toContain('b');
  expect(abandonedBecause({ epoch: 0, fix_codes: ['a', 'b'] }, able)).toBeNull();
  expect(abandonedBecause({ epoch: EPOCHS_MAX, fix_codes: [] }, able)).toContain(`${EPOCHS_MAX} times`);
});
