import type { Client, CollectCommandView, System } from '@piculus/protocol/http';
import { describe, expect, it } from 'vitest';
import {
  abilityOf,
  type Choice,
  choiceFrom,
  chosenSystems,
  collectorsOf,
  missingIn,
  requestFor,
} from '../../src/pages/collect/choice.ts';
import { gapsOf, saidNothing, sumsOf, whyNot } from '../../src/parts/collect/rules.ts';

const system = (sysCode: string, enabled = true): System => ({
  sysCode,
  name: sysCode,
  collectCron: null,
  collectTimeZone: 'UTC',
  collectWindowMs: 259_200_000,
  enabled,
  createdAt: '2026-11-22T00:00:00.000Z',
  alarm: null,
  lastCollectAt: null,
  clientsConnected: 1,
});
const client = (sysCode: string, collectors: string[], connected = true) =>
  ({ sysCode, connected, collectors }) satisfies Pick<Client, 'sysCode' | 'connected' | 'collectors'>;
const choice = (part: Partial<Choice> = {}): Choice => ({
  sysCodes: null,
  fixCodes: null,
  window: 'own',
  from: '',
  to: '',
  ...part,
});
const NOW = Date.parse('2026-11-22T12:00:00.000Z');

describe('what to collect', () => {
  const systems = [system('PBAP'), system('PBMS'), system('OLD', false)];

  it('is all enabled systems until somebody chooses', () => {
    expect(chosenSystems(choice(), systems).map(({ sysCode }) => sysCode)).toEqual(['PBAP', 'PBMS']);
    const some = choice({ sysCodes: ['PBMS', 'OLD', 'GONE'] });
    expect(chosenSystems(some, systems).map(({ sysCode }) => sysCode)).toEqual(['PBMS']);
    expect(chosenSystems(choice({ sysCodes: [] }), systems)).toEqual([]);
  });

  it('is preselected by the address', () => {
    const query = new URLSearchParams('sysCode=PBAP,PBMS&fixCode=fixA');
    expect(choiceFrom(query)).toMatchObject({ sysCodes: ['PBAP', 'PBMS'], fixCodes: ['fixA'] });
    expect(choiceFrom(new URLSearchParams())).toMatchObject({ sysCodes: null, fixCodes: null });
  });

  it('offers the collectors of connected clients of the chosen systems', () => {
    const clients = [client('PBAP', ['b', 'a']), client('PBAP', ['gone'], false), client('PBMS', ['a', 'c'])];
    expect(collectorsOf([system('PBAP')], clients)).toEqual(['a', 'b']);
    expect(collectorsOf(systems, clients)).toEqual(['a', 'b', 'c']);
  });

  it('tells what one client would run and what it lacks', () => {
    expect(abilityOf(client('PBAP', ['a', 'b']), choice())).toEqual({ has: ['a', 'b'], missing: [] });
    expect(abilityOf(client('PBAP', ['a', 'b']), choice({ fixCodes: ['b', 'c'] }))).toEqual({
      has: ['b'],
      missing: ['c'],
    });
  });

  it('names what is missing before anything is sent', () => {
    expect(missingIn(choice(), [system('PBAP')])).toEqual([]);
    expect(missingIn(choice({ fixCodes: [], window: 'custom' }), [])).toEqual([
      'sysCodes',
      'fixCodes',
      'windowFrom',
    ]);
  });

  it('sends the window as it was chosen and leaves "now" to the server', () => {
    const ask = (part: Partial<Choice>) => requestFor(choice(part), [system('PBAP')], NOW);
    expect(ask({})).toEqual({ sysCodes: ['PBAP'] });
    expect(ask({ window: 'hour' })).toEqual({ sysCodes: ['PBAP'], windowFrom: '2026-11-22T11:00:00.000Z' });
    expect(ask({ window: 'days' })).toMatchObject({ windowFrom: '2026-11-19T12:00:00.000Z' });
    const from = '2026-11-20T00:00:00.000Z';
    expect(ask({ window: 'custom', from, fixCodes: ['a'] })).toEqual({
      sysCodes: ['PBAP'],
      fixCodes: ['a'],
      windowFrom: from,
    });
    expect(ask({ window: 'custom', from, to: '2026-11-21T00:00:00.000Z' })).toMatchObject({
      windowTo: '2026-11-21T00:00:00.000Z',
    });
  });
});

describe('what came of a command', () => {
  const full = { side: 'order', reachesTo: '2026-11-22T12:00:00.000Z', complete: true } as const;
  const short = { side: 'bank', reachesTo: '2026-11-22T10:00:00.000Z', complete: false } as const;
  const command = (part: Partial<Pick<CollectCommandView, 'state' | 'epoch' | 'feeds'>>) => ({
    state: 'complete' as const,
    epoch: 1,
    feeds: [full],
    ...part,
  });

  it('is said in words where it did not end well, and not where it did', () => {
    expect(whyNot(command({}))).toBeNull();
    expect(whyNot(command({ state: 'running' }))).toBeNull();
    expect(whyNot(command({ state: 'waiting', epoch: 0 }))).toBeNull();
    expect(whyNot(command({ state: 'incomplete', feeds: [full, short] }))).toBe('gaps');
    expect(whyNot(command({ state: 'incomplete' }))).toBe('partial');
    expect(whyNot(command({ state: 'failed', epoch: 0 }))).toBe('never-taken');
    expect(whyNot(command({ state: 'failed', epoch: 20 }))).toBe('gave-up');
    expect(whyNot(command({ state: 'failed', epoch: 2 }))).toBe('failed');
    expect(whyNot(command({ state: 'cancelled' }))).toBe('cancelled');
  });

  it('names the sides that do not reach the end', () => {
    expect(gapsOf(command({ feeds: [full, short] }))).toEqual([short]);
  });

  it('counts as silent only where its client ended it without a word on its data', () => {
    expect(saidNothing(command({ feeds: [] }))).toBe(true);
    expect(saidNothing(command({}))).toBe(false);
    for (const state of ['waiting', 'running', 'failed', 'cancelled'] as const)
      expect(saidNothing(command({ state, feeds: [] }))).toBe(false);
  });

  it('adds up over the systems', () => {
    const one = { rowsScanned: 10, problemsReported: 3, problemsNew: 1 };
    expect(sumsOf([one, one])).toEqual({ rows: 20, reported: 6, fresh: 2 });
    expect(sumsOf([])).toEqual({ rows: 0, reported: 0, fresh: 0 });
  });
});
