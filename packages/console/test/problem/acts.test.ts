/** What a person may do with a problem, what comes next, and who asked for what. */
import { PROBLEM_STATES, WAIT_REASONS } from '@piculus/protocol';
import type { HistoryEntry } from '@piculus/protocol/http';
import { describe, expect, it } from 'vitest';
import { askedFor, offersFor, runAsked } from '../../src/pages/problem/acts.ts';
import { changeIn, whoDid } from '../../src/pages/problem/history.ts';
import { outlookOf } from '../../src/pages/problem/outlook.ts';

const entry = (act: string, minute = 0, actor = 'operator'): HistoryEntry => ({
  at: `2026-11-22T20:${String(minute).padStart(2, '0')}:00.000Z`,
  actor,
  act,
  reason: null,
  detail: {},
});
const enabled = { status: 'enabled' } as const;

describe('acts that a state offers', () => {
  it('run what is open, with a reason where a person had to look', () => {
    for (const state of ['pending', 'exhausted', 'needs-human'] as const) {
      const { run, close, reopen } = offersFor({ state, history: [] }, enabled);
      expect(run).toEqual({ refused: null, reason: state === 'pending' ? 'optional' : 'required' });
      expect(close?.refused).toBeNull();
      expect(reopen).toBeNull();
    }
  });

  it('say why a run is refused', () => {
    const refused = (state: (typeof PROBLEM_STATES)[number], solution: Parameters<typeof offersFor>[1]) =>
      offersFor({ state, history: [] }, solution).run.refused;
    expect(refused('pending', null)).toBe('no-solution');
    expect(refused('pending', { status: 'disabled' })).toBe('disabled');
    expect(refused('executing', enabled)).toBe('running');
    expect(refused('closed', enabled)).toBe('closed');
    expect(refused('fixed', enabled)).toBe('ended');
    expect(refused('cleared', enabled)).toBe('ended');
    // The solution has not arrived yet: the server decides anyhow.
    expect(refused('pending', undefined)).toBeNull();
  });

  it('reopen only what was fixed or closed', () => {
    const reopens = PROBLEM_STATES.filter(
      (state) => offersFor({ state, history: [] }, enabled).reopen !== null,
    );
    expect(reopens).toEqual(['fixed', 'closed']);
  });

  it('ask for no second run while one waits for a client', () => {
    const waits = [entry('reported'), entry('run', 1)];
    expect(offersFor({ state: 'pending', history: waits }, enabled).run.refused).toBe('asked');
    for (const act of ['executed', 'run-dropped', 'close', 'reopen']) {
      expect(runAsked([...waits, entry(act, 2)])).toBeNull();
    }
    expect(runAsked([...waits, entry('reported-again', 2)])).not.toBeNull();
  });
});

describe('the history', () => {
  it('knows who asked for an execution', () => {
    const history = [entry('run', 1, 'day'), entry('executed', 2), entry('run', 3, 'night')];
    const at = (minute: number) => ({ trigger: 'click', dispatchedAt: entry('', minute).at });
    expect(askedFor(history, at(1))?.actor).toBe('day');
    expect(askedFor(history, at(4))?.actor).toBe('night');
    expect(askedFor(history, { ...at(4), trigger: 'tick' })).toBeNull();
    expect(askedFor(history, at(0))).toBeNull();
  });

  it('tells people, systems, clients and rules apart', () => {
    expect(whoDid(entry('reported', 0, 'PBAP'))).toEqual({ is: 'system', name: 'PBAP' });
    expect(whoDid(entry('executed', 0, 'c1'))).toEqual({ is: 'client', name: 'c1' });
    expect(whoDid(entry('alarm', 0, 'policy:alarm'))).toEqual({ is: 'policy', name: 'alarm' });
    expect(whoDid(entry('run', 0, 'cron'))).toEqual({ is: 'cron' });
    expect(whoDid(entry('close'))).toEqual({ is: 'person', name: 'operator' });
  });

  it('reads a change of state only from states', () => {
    expect(changeIn({ detail: { from: 'pending', to: 'fixed' } })).toEqual({ from: 'pending', to: 'fixed' });
    expect(changeIn({ detail: { from: 'pending', to: 7 } })).toBeNull();
    expect(changeIn({ detail: { from: '<b>', to: 'fixed' } })).toBeNull();
  });
});

describe('what comes next', () => {
  const problem: Parameters<typeof outlookOf>[0] = {
    state: 'pending',
    waitReason: 'scheduled',
    nextTickAt: null,
    confirmedAt: null,
    handling: 'fix',
    attempts: 0,
    seenSinceClosed: false,
    history: [],
  };

  it('is told for every reason to wait', () => {
    for (const waitReason of WAIT_REASONS.filter((reason) => reason !== 'scheduled')) {
      expect(outlookOf({ ...problem, waitReason })).toBe(waitReason);
    }
    expect(outlookOf({ ...problem, nextTickAt: '2026-11-22T21:00:00.000Z' })).toBe('scheduled');
    expect(outlookOf({ ...problem, history: [entry('run')] })).toBe('asked');
    expect(outlookOf(problem)).toBe('no-tick');
  });

  it('is told for every other state', () => {
    const of = (given: Partial<Parameters<typeof outlookOf>[0]>) =>
      outlookOf({ ...problem, waitReason: null, ...given });
    expect(of({ state: 'fixed' })).toBe('fixed');
    expect(of({ state: 'fixed', confirmedAt: '2026-11-22T21:00:00.000Z' })).toBe('confirmed');
    expect(of({ state: 'needs-human', handling: 'person' })).toBe('for-person');
    expect(of({ state: 'needs-human', handling: 'person', attempts: 1 })).toBe('needs-human');
    expect(of({ state: 'closed' })).toBe('closed');
    expect(of({ state: 'closed', seenSinceClosed: true })).toBe('seen-since-closed');
  });
});
