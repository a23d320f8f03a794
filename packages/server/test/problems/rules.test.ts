import { OUTCOME_NAMES, STORED_PROBLEM_STATES } from '@piculus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterClose,
  afterOutcome,
  afterReopen,
  afterReport,
  firstReported,
  isOpen,
  type ProblemCore,
  refusesRun,
  waitReason,
} from '../../src/problems/rules.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const T0 = new Date('2026-11-01T00:00:00Z');
const later = (ms: number): Date => new Date(T0.getTime() + ms);
const pending = firstReported('fix', T0);
const in_ = (state: ProblemCore['state'], more: Partial<ProblemCore> = {}): ProblemCore => ({
  ...pending,
  state,
  ...more,
});
const outcome = (name: (typeof OUTCOME_NAMES)[number], more = {}) => ({
  outcome: name,
  didIt: false,
  verified: true,
  maxRetries: 5,
  notYetMaxMs: DAY_MS,
  at: later(1_000),
  ...more,
});
const observation = (more = {}) => ({
  handling: 'fix' as const,
  observedAt: later(5_000),
  executing: false,
  at: later(6_000),
  ...more,
});

describe('outcomes', () => {
  it.each([
    ['fixed', {}, 'fixed'],
    ['fixed', { verified: false }, 'needs-human'],
    ['already-right', { didIt: true }, 'fixed'],
    ['already-right', { didIt: false }, 'cleared'],
    ['not-this-problem', {}, 'cleared'],
    ['not-yet', {}, 'pending'],
    ['failed', {}, 'pending'],
    ['failed', { maxRetries: 0 }, 'exhausted'],
    ['refused', {}, 'needs-human'],
    ['unknown', {}, 'pending'],
    ['unknown', { maxRetries: 0 }, 'exhausted'],
  ] as const)('%s %o becomes %s', (name, more, state) => {
    expect(afterOutcome(pending, outcome(name, more)).state).toBe(state);
  });

  it.each([0, 1, 5, 99])('%i retries are one execution more, and not-yet uses none', (maxRetries) => {
    let problem = pending;
    let executions = 0;
    while (problem.state === 'pending') {
      problem = afterOutcome(problem, outcome('not-yet', { maxRetries }));
      problem = afterOutcome(problem, outcome(executions % 2 === 0 ? 'failed' : 'unknown', { maxRetries }));
      executions += 1;
    }
    expect(executions).toBe(1 + maxRetries);
    expect(problem).toMatchObject({ state: 'exhausted', retriesUsed: maxRetries, attempts: 2 * executions });
  });

  it.each(['not-yet', 'failed', 'unknown'] as const)(
    '%s leaves what is for a person with a person',
    (name) => {
      const problem = in_('needs-human', { handling: 'person' });
      expect(afterOutcome(problem, outcome(name)).state).toBe('needs-human');
    },
  );

  it('gives not-yet to a person after its maximum age, counted over one run of it', () => {
    const first = afterOutcome(pending, outcome('not-yet', { at: later(0) }));
    const almost = afterOutcome(first, outcome('not-yet', { at: later(DAY_MS - 1) }));
    expect(almost.state).toBe('pending');
    expect(afterOutcome(almost, outcome('not-yet', { at: later(DAY_MS) })).state).toBe('needs-human');
    const interrupted = afterOutcome(almost, outcome('failed', { at: later(DAY_MS - 1) }));
    expect(afterOutcome(interrupted, outcome('not-yet', { at: later(DAY_MS) })).state).toBe('pending');
  });
});

describe('reported again', () => {
  it('opens what was fixed for a person and what was cleared for its solution, each under a new key', () => {
    expect(afterReport(in_('fixed', { retriesUsed: 3, attempts: 4 }), observation())).toMatchObject({
      effect: 'reopened',
      next: { state: 'pending', reopened: true, reopenCount: 1, retriesUsed: 0, attempts: 0 },
    });
    expect(afterReport(in_('cleared', { reopenCount: 1 }), observation())).toMatchObject({
      effect: 'reopened',
      next: { state: 'pending', reopened: false, reopenCount: 2 },
    });
  });

  it('takes no notice of facts that are older than the end of the problem', () => {
    const fixed = in_('fixed', { stateChangedAt: later(5_000) });
    expect(afterReport(fixed, observation()).effect).toBe('seen');
    expect(afterReport(fixed, observation({ observedAt: later(5_001) })).effect).toBe('reopened');
  });

  it('leaves closed closed, and marks it', () => {
    expect(afterReport(in_('closed'), observation())).toMatchObject({
      effect: 'seen',
      next: { state: 'closed', seenSinceClosed: true },
    });
  });

  it('changes nothing while a client works on it', () => {
    for (const state of ['pending', 'exhausted', 'needs-human'] as const) {
      const problem = in_(state);
      expect(afterReport(problem, observation({ executing: true, handling: 'person' }))).toEqual({
        effect: 'seen',
        next: problem,
      });
    }
  });

  it('goes to a person once it is no longer a problem for a fix', () => {
    expect(afterReport(pending, observation({ handling: 'person' })).next.state).toBe('needs-human');
    expect(firstReported('person', T0).state).toBe('needs-human');
  });
});

describe('acts of people', () => {
  const enabled = { status: 'enabled', executionMode: 'manual' } as const;
  it.each([
    ['pending', false, null],
    ['exhausted', false, 'reason-required'],
    ['exhausted', true, null],
    ['needs-human', false, 'reason-required'],
    ['needs-human', true, null],
    ['fixed', true, 'wrong-state'],
    ['cleared', true, 'wrong-state'],
    ['closed', true, 'wrong-state'],
  ] as const)('a click on %s (reason given: %s) answers %s', (state, reasonGiven, answer) => {
    expect(refusesRun(in_(state), { executing: false, solution: enabled, reasonGiven })).toBe(answer);
  });

  it('refuses a click on what runs, has no solution, or a disabled one', () => {
    expect(refusesRun(pending, { executing: true, solution: enabled, reasonGiven: true })).toBe(
      'already-executing',
    );
    expect(refusesRun(pending, { executing: false, solution: null, reasonGiven: true })).toBe('no-solution');
    expect(
      refusesRun(pending, {
        executing: false,
        solution: { ...enabled, status: 'disabled' },
        reasonGiven: true,
      }),
    ).toBe('solution-disabled');
  });

  it.each(STORED_PROBLEM_STATES)('closes and reopens %s only where that makes sense', (state) => {
    expect('next' in afterClose(in_(state), false, T0)).toBe(isOpen(state));
    expect(afterClose(in_(state), true, T0)).toEqual({ refused: 'already-executing' });
    expect('next' in afterReopen(in_(state), T0)).toBe(state === 'closed' || state === 'fixed');
  });
});

describe('why it waits', () => {
  const base = {
    state: 'pending',
    reopened: false,
    requested: false,
    paused: { ticks: false, clicks: false },
    asksPerson: false,
    clientConnected: true,
    solution: { status: 'enabled', executionMode: 'automatic' },
  } as const;
  it.each([
    [{}, 'scheduled'],
    [{ clientConnected: false }, 'no-client'],
    [{ solution: null }, 'no-solution'],
    [{ solution: { status: 'disabled', executionMode: 'automatic' } }, 'disabled'],
    [{ solution: { status: 'enabled', executionMode: 'manual' } }, 'manual'],
    [{ solution: { status: 'enabled', executionMode: 'manual' }, requested: true }, 'scheduled'],
    [{ asksPerson: true }, 'approval'],
    [{ asksPerson: true, paused: { ticks: true, clicks: false } }, 'approval'],
    [{ asksPerson: true, requested: true }, 'scheduled'],
    [{ asksPerson: true, reopened: true }, 'reopened'],
    [{ reopened: true }, 'reopened'],
    [{ paused: { ticks: true, clicks: false } }, 'paused'],
    [{ paused: { ticks: true, clicks: false }, clientConnected: false }, 'paused'],
    [{ paused: { ticks: true, clicks: false }, requested: true }, 'scheduled'],
    [{ paused: { ticks: true, clicks: true }, requested: true }, 'paused'],
    [{ paused: { ticks: true, clicks: true }, reopened: true }, 'reopened'],
    [{ reopened: true, requested: true, clientConnected: false }, 'no-client'],
    [{ state: 'fixed' }, null],
    [{ state: 'executing' }, null],
  ] as const)('%o: %s', (more, reason) => {
    expect(waitReason({ ...base, ...more })).toBe(reason);
  });
});

describe('any sequence of events', () => {
  const event = fc.oneof(
    fc.record({
      kind: fc.constant('report' as const),
      handling: fc.constantFrom('fix' as const, 'person' as const),
      executing: fc.boolean(),
      stale: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('outcome' as const),
      name: fc.constantFrom(...OUTCOME_NAMES),
      didIt: fc.boolean(),
      verified: fc.boolean(),
      maxRetries: fc.integer({ min: 0, max: 9 }),
    }),
    fc.record({ kind: fc.constant('close' as const) }),
    fc.record({ kind: fc.constant('reopen' as const) }),
  );

  it('keeps to what the table allows, and a new command key comes only with a reopening', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('fix' as const, 'person' as const),
        fc.array(event, { maxLength: 40 }),
        (handling, events) => {
          let problem = firstReported(handling, T0);
          events.forEach((happened, index) => {
            const before = problem;
            const at = later((index + 1) * HOUR_MS);
            if (happened.kind === 'report') {
              const observedAt = happened.stale ? T0 : at;
              problem = afterReport(before, {
                handling: happened.handling,
                executing: happened.executing,
                observedAt,
                at,
              }).next;
            } else if (happened.kind === 'outcome') {
              if (!isOpen(before.state)) {
                expect(() => afterOutcome(before, outcome(happened.name, { at }))).toThrow(RangeError);
                return;
              }
              problem = afterOutcome(before, { ...outcome(happened.name), ...happened, at });
              expect(problem.reopenCount).toBe(before.reopenCount);
              expect(problem.attempts).toBe(before.attempts + 1);
            } else {
              const answer =
                happened.kind === 'close' ? afterClose(before, false, at) : afterReopen(before, at);
              if ('refused' in answer) return;
              problem = answer.next;
            }
            // The checks of the table.
            if (problem.state === 'pending') expect(problem.handling).toBe('fix');
            if (problem.reopened) expect(['pending', 'needs-human']).toContain(problem.state);
            if (problem.seenSinceClosed) expect(problem.state).toBe('closed');
            if (problem.notYetSince) expect(['pending', 'needs-human']).toContain(problem.state);
            // A key is new exactly where something that had ended was opened.
            const openedAgain = !isOpen(before.state) && isOpen(problem.state);
            expect(problem.reopenCount).toBe(before.reopenCount + (openedAgain ? 1 : 0));
            if (problem.state !== before.state) expect(problem.stateChangedAt).toEqual(at);
          });
        },
      ),
      { numRuns: 500 },
    );
  });
});
