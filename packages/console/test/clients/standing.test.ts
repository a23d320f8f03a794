import { describe, expect, it } from 'vitest';
import { serversToShow, standingOf } from '../../src/pages/clients/standing.ts';

const at = '2026-11-20T08:00:00.000Z';
const node = (state: 'working' | 'draining' | 'gone', goneBecause: 'stopped' | 'silent' | null = null) => ({
  nodeId: `${state}-${goneBecause}`,
  host: 'h',
  pid: 1,
  address: 'http://h:7070',
  version: '0.1.0',
  state,
  startedAt: at,
  seenAt: at,
  goneAt: goneBecause === null ? null : at,
  goneBecause,
  clients: 0,
  answering: false,
  differences: [],
});

describe('servers', () => {
  it('are told where there is more than one, or one was lost', () => {
    const one = node('working');
    expect(serversToShow([])).toEqual([]);
    expect(serversToShow([one])).toEqual([]);
    expect(serversToShow([one, node('gone', 'stopped')])).toEqual([]);
    expect(serversToShow([one, node('draining')])).toHaveLength(2);
    expect(serversToShow([one, node('gone', 'silent')])).toHaveLength(2);
  });

  it('that are gone stopped or were lost', () => {
    expect(standingOf(node('working'))).toBe('working');
    expect(standingOf(node('gone', 'stopped'))).toBe('stopped');
    expect(standingOf(node('gone', 'silent'))).toBe('lost');
  });
});
