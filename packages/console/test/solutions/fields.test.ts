import type { Solution } from '@piculus/protocol/http';
import { describe, expect, it } from 'vitest';
import {
  changedFields,
  changeFrom,
  DEFAULTS,
  inputOf,
  rebased,
  scenariosOf,
  valuesOf,
  zonesFor,
} from '../../src/pages/solutions/fields.ts';

const STORED: Solution = {
  id: '7',
  sysCode: 'PBAP',
  fixCode: 'interRechargeFixServiceImpl',
  version: 3,
  maxRetries: 5,
  retryCron: '0 0/10 * * * ?',
  timeZone: 'UTC',
  executionMode: 'automatic',
  status: 'enabled',
  level: 'important',
  description: 'TEST',
  changedAt: '2026-11-22T10:00:00.000Z',
  changedBy: 'operator',
  nextTicks: [],
  warnings: [],
};

describe('the fields of a solution', () => {
  it('begin as the product says', () => {
    expect(inputOf({ ...DEFAULTS, sysCode: ' PBAP ', fixCode: 'aFix' })).toEqual({
      sysCode: 'PBAP',
      fixCode: 'aFix',
      maxRetries: 0,
      retryCron: '0 0/2 * * * ?',
      timeZone: 'UTC',
      executionMode: 'automatic',
      status: 'enabled',
      level: 'very-important',
      description: '',
    });
  });

  it('are unchanged on the way through the form', () => {
    expect(changedFields(STORED, inputOf(valuesOf(STORED)))).toEqual([]);
  });

  it('hold no number where none was typed, so that zero is never meant by accident', () => {
    expect(inputOf({ ...DEFAULTS, maxRetries: ' ' }).maxRetries).toBeNaN();
  });

  it('make a change that names only what differs, and the version it was made from', () => {
    const typed = { ...valuesOf(STORED), maxRetries: '9', status: 'disabled' } as const;
    expect(changeFrom(STORED, inputOf(typed))).toEqual({
      maxRetries: 9,
      status: 'disabled',
      expectedVersion: 3,
    });
  });

  it('keep what was typed on top of what somebody else saved meanwhile', () => {
    const theirs: Solution = { ...STORED, version: 4, maxRetries: 1, level: 'normal' };
    const typed = { ...valuesOf(STORED), maxRetries: '9' };
    const both = rebased(STORED, typed, theirs);
    expect(both).toMatchObject({ maxRetries: '9', level: 'normal' });
    expect(changeFrom(theirs, inputOf(both))).toEqual({ maxRetries: 9, expectedVersion: 4 });
  });
});

describe('what a fix repairs', () => {
  it('is known for the known names, and nothing for others', () => {
    expect(scenariosOf('withdrawTimeoutFixServiceImpl')).toEqual(['C8', 'C9', 'S2']);
    expect(scenariosOf('toString')).toEqual([]);
  });
});

describe('the time zones', () => {
  it("offer the person's own first, and each once", () => {
    const zones = zonesFor('Asia/Shanghai', 'Somewhere/Else');
    expect(zones.slice(0, 3)).toEqual(['Asia/Shanghai', 'UTC', 'Somewhere/Else']);
    expect(new Set(zones).size).toBe(zones.length);
    expect(zones).toContain('Europe/Berlin');
  });
});
