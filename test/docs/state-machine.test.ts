/** docs/state-machine.md says what the rules do, cell by cell. */
import { readFileSync } from 'node:fs';
import type { Handling, Outcome, StoredProblemState } from '@piculus/protocol';
import { PROBLEM_STATES, WAIT_REASONS } from '@piculus/protocol';
import { describe, expect, it } from 'vitest';
import {
  type ActAnswer,
  afterClose,
  afterOutcome,
  afterReopen,
  afterReport,
  firstReported,
  type ProblemCore,
  refusesRun,
} from '../../packages/server/src/problems/rules.ts';

const text = readFileSync(new URL('../../docs/state-machine.md', import.meta.url), 'utf8');
const ENDED = new Date('2026-11-22T10:00:00Z');
const LATER = new Date('2026-11-22T11:00:00Z');
const RETRIES = 5;

const inState = (state: StoredProblemState): ProblemCore => ({ ...firstReported('fix', ENDED), state });

const told = (next: ProblemCore): string =>
  [next.state, ...(next.reopened ? ['reopened'] : []), ...(next.seenSinceClosed ? ['marked'] : [])].join(
    ', ',
  );

const report =
  (handling: Handling, executing: boolean, observedAt: Date) =>
  (problem: ProblemCore): string =>
    told(afterReport(problem, { handling, executing, observedAt, at: LATER }).next);

const executed =
  (outcome: Outcome, change: { verified?: boolean; didIt?: boolean; used?: number; since?: Date } = {}) =>
  (problem: ProblemCore): string => {
    const before = { ...problem, retriesUsed: change.used ?? 0, notYetSince: change.since ?? null };
    const { verified = true, didIt = false } = change;
    try {
      return told(
        afterOutcome(before, {
          outcome,
          verified,
          didIt,
          maxRetries: RETRIES,
          notYetMaxMs: 60_000,
          at: LATER,
        }),
      );
    } catch (error) {
      if (error instanceof RangeError) return '-';
      throw error;
    }
  };

const act = (answer: ActAnswer): string =>
  'refused' in answer ? `refused: ${answer.refused}` : told(answer.next);

const run = (reasonGiven: boolean) => (problem: ProblemCore) => {
  const refused = refusesRun(problem, {
    executing: false,
    reasonGiven,
    solution: { status: 'enabled', executionMode: 'manual' },
  });
  return refused === null ? 'runs' : `refused: ${refused}`;
};

const EVENTS: Readonly<Record<string, (problem: ProblemCore) => string>> = {
  'reported again, a fix may repair it': report('fix', false, LATER),
  'reported again, a person must decide': report('person', false, LATER),
  'reported again, with facts read before it ended': report('fix', false, ENDED),
  'reported again while executing': report('person', true, LATER),
  'outcome `fixed`, verified': executed('fixed'),
  'outcome `fixed`, not verified': executed('fixed', { verified: false }),
  'outcome `already-right`, by our effects': executed('already-right', { didIt: true }),
  'outcome `already-right`, not by us': executed('already-right'),
  'outcome `not-this-problem`': executed('not-this-problem'),
  'outcome `not-yet`': executed('not-yet'),
  'outcome `not-yet`, for too long': executed('not-yet', { since: ENDED }),
  'outcome `failed`, a retry left': executed('failed', { used: RETRIES - 1 }),
  'outcome `failed`, no retry left': executed('failed', { used: RETRIES }),
  'outcome `refused`': executed('refused'),
  'outcome `unknown`, a retry left': executed('unknown', { used: RETRIES - 1 }),
  'outcome `unknown`, no retry left': executed('unknown', { used: RETRIES }),
  'run, with a reason': run(true),
  'run, without a reason': run(false),
  close: (problem) => act(afterClose(problem, false, LATER)),
  reopen: (problem) => act(afterReopen(problem, LATER)),
};

function tableUnder(heading: string): string[][] {
  const section = text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('|---'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe('docs/state-machine.md', () => {
  const [header = [], ...rows] = tableUnder('The table');
  const states = header.slice(1) as StoredProblemState[];

  it('has a row for each event of the rules', () => {
    expect(rows.map(([event]) => event).sort()).toEqual(Object.keys(EVENTS).sort());
  });

  it.each(rows.map((row) => [row[0] ?? '', row.slice(1)] as const))('%s', (event, cells) => {
    expect(states.map((state) => EVENTS[event]?.(inState(state)))).toEqual(cells);
  });

  it('names each state and each wait reason', () => {
    expect(
      tableUnder('The states')
        .slice(1)
        .map(([state]) => state),
    ).toEqual(PROBLEM_STATES.map((state) => `\`${state}\``));
    for (const reason of WAIT_REASONS) expect(text).toContain(`\`${reason}\``);
  });

  it('draws no arrow that the rules do not have', () => {
    const arrows = [...text.matchAll(/^ {2}(\S+) --> (\S+):/gm)].map((match) =>
      `${match[1]} ${match[2]}`.replaceAll('_', '-'),
    );
    const open: StoredProblemState[] = ['pending', 'exhausted', 'needs-human'];
    const possible = new Set([
      '[*] pending',
      '[*] needs-human',
      ...open.map((state) => `${state} executing`),
    ]);
    for (const state of open) {
      for (const event of Object.keys(EVENTS).filter((name) => name.startsWith('outcome'))) {
        possible.add(`executing ${EVENTS[event]?.(inState(state))}`);
      }
    }
    for (const state of states) {
      for (const event of ['close', 'reopen', 'reported again, a fix may repair it']) {
        const next = EVENTS[event]?.(inState(state)).split(',')[0] ?? '';
        if (next !== state && !next.startsWith('refused')) possible.add(`${state} ${next}`);
      }
    }
    expect([...new Set(arrows)].sort()).toEqual([...possible].sort());
  });
});
