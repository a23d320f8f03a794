/** The tables that stored rows and other programs rely on. A change here is a change of the protocol. */
import { describe, expect, it } from 'vitest';
import {
  ERRORS,
  OUT_OF_POCKET,
  OUTCOMES,
  PROBLEM_STATES,
  PROTOCOL_VERSION,
  REPORTED_OUTCOME_NAMES,
  SCENARIO_CODES,
  SCENARIOS,
  SEED_FIX_CODES,
  SIDES,
  STORED_PROBLEM_STATES,
} from '../src/index.ts';

describe('outcomes', () => {
  it('keep their numbers and what they say about retries', () => {
    const table = Object.entries(OUTCOMES).map(([name, rule]) => [
      rule.number,
      name,
      rule.retryHelps,
      rule.usesRetry,
    ]);
    expect(table).toEqual([
      [1, 'fixed', false, false],
      [2, 'already-right', false, false],
      [3, 'not-this-problem', false, false],
      [4, 'not-yet', true, false],
      [5, 'failed', true, true],
      [6, 'refused', false, false],
      [7, 'unknown', true, true],
    ]);
  });

  it('can be reported by a client, except its silence', () => {
    expect(REPORTED_OUTCOME_NAMES).toEqual(Object.keys(OUTCOMES).filter((name) => name !== 'unknown'));
  });
});

describe('scenarios', () => {
  it('keep their codes', () => {
    expect(SCENARIO_CODES.join(' ')).toBe(
      'C1 C2 C3 C4 C5 C6 C7a C7b C8 C9 S1 S2 X1 X2 X3 X4 X5 X6 X7 X8 X9 X10 X11 X12 X13 X15 X20 X21 X22 X23 X24',
    );
  });

  it.each(Object.entries(SCENARIOS))(
    '%s has a sentence in both languages and names the fields at odds',
    (_, scenario) => {
      expect(scenario.sentence.en).toMatch(/^[A-Z].*\.$/);
      expect(scenario.sentence.zh).toMatch(/^[\u4e00-\u9fff].*。$/);
      expect(scenario.contradictions.length).toBeGreaterThan(0);
      for (const field of scenario.contradictions)
        expect(SIDES as readonly string[]).toContain(field.split('.')[0]);
      expect(OUT_OF_POCKET).toContain(scenario.outOfPocket);
    },
  );

  it('are repaired by the eight fixes of the seed', () => {
    expect(SEED_FIX_CODES).toEqual({
      interRechargeFixServiceImpl: ['C1'],
      interWithdrawFixServiceImpl: ['C2'],
      interWithdrawAccFixServiceImpl: ['C3'],
      rechargeFailedFixServiceImpl: ['C4'],
      rechargeTimeoutFixServiceImpl: ['C5', 'C6', 'S1'],
      withdrawFailedFixServiceImpl: ['C7a'],
      withdrawFailedAccFixServiceImpl: ['C7b'],
      withdrawTimeoutFixServiceImpl: ['C8', 'C9', 'S2'],
    });
  });
});

describe('errors', () => {
  it.each(Object.entries(ERRORS))(
    '%s has a status, a meaning in both languages and a plain answer about retrying',
    (code, rule) => {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(rule.status).toBeGreaterThanOrEqual(400);
      expect(rule.meaning.en).not.toBe('');
      expect(rule.meaning.zh).toMatch(/[\u4e00-\u9fff]/);
      // What a proxy or a client library would repeat by itself must be repeatable.
      if (rule.status === 429 || rule.status === 503) expect(rule.retryable).toBe(true);
    },
  );
});

it('stores every state of a problem except "executing", which a lease means', () => {
  expect(PROBLEM_STATES.filter((state) => state !== 'executing')).toEqual([...STORED_PROBLEM_STATES]);
  expect(PROTOCOL_VERSION).toBe(1);
});
