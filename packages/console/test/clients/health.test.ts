import { describe, expect, it } from 'vitest';
import { type Evidence, healthOf, withoutSolution } from '../../src/pages/clients/health.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const ago = (seconds: number): string => new Date(NOW - seconds * 1_000).toISOString();
const nothing: Evidence = { leases: [], lost: [], readAt: NOW };
const client = (part: { answered?: number | null; heartbeat?: number | null; connected?: boolean } = {}) => {
  const { answered = 3_600, heartbeat = 2, connected = true } = part;
  return {
    clientId: 'one',
    connected,
    connectedAt: ago(7_200),
    lastHeartbeatAt: heartbeat === null ? null : ago(heartbeat),
    lastAnsweredAt: answered === null ? null : ago(answered),
  };
};
const lease = (seconds: number, part = {}) => ({
  clientId: 'one',
  leasedAt: ago(seconds),
  problems: 2,
  answered: 0,
  ...part,
});

describe('the health of a client', () => {
  it('is well while it has nothing to answer, however old its last answer is', () => {
    expect(healthOf(client(), nothing)).toBe('well');
    expect(healthOf(client({ answered: null }), nothing)).toBe('well');
  });

  it('is deaf where work was given a minute ago and nothing was answered since', () => {
    expect(healthOf(client(), { ...nothing, leases: [lease(61)] })).toBe('deaf');
    expect(healthOf(client(), { ...nothing, leases: [lease(59)] })).toBe('well');
  });

  it('is not deaf where it goes on answering, or the work is another’s or done', () => {
    expect(healthOf(client({ answered: 5 }), { ...nothing, leases: [lease(300)] })).toBe('well');
    expect(healthOf(client(), { ...nothing, leases: [lease(300, { clientId: 'two' })] })).toBe('well');
    expect(healthOf(client(), { ...nothing, leases: [lease(300, { answered: 2 })] })).toBe('well');
  });

  it('is deaf where a message was lost since its last answer, and well again after the next one', () => {
    const lost = [{ clientId: 'one', at: ago(100) }];
    expect(healthOf(client({ answered: 200 }), { ...nothing, lost })).toBe('deaf');
    expect(healthOf(client({ answered: 50 }), { ...nothing, lost })).toBe('well');
    expect(healthOf(client({ answered: 200 }), { ...nothing, lost: [{ clientId: 'two', at: ago(1) }] })).toBe(
      'well',
    );
  });

  it('forgets what was lost before it connected', () => {
    const lost = [{ clientId: 'one', at: ago(9_000) }];
    expect(healthOf(client({ answered: null }), { ...nothing, lost })).toBe('well');
  });

  it('is silent where heartbeats stay away, and gone where it is not connected', () => {
    expect(healthOf(client({ heartbeat: 16 }), nothing)).toBe('silent');
    expect(healthOf(client({ heartbeat: 14 }), nothing)).toBe('well');
    expect(healthOf(client({ connected: false }), { ...nothing, leases: [lease(300)] })).toBe('gone');
  });
});

describe('fixes without a solution', () => {
  it('are those of the client that its own system has none for', () => {
    const solutions = [
      { sysCode: 'PBAP', fixCode: 'a' },
      { sysCode: 'PBMS', fixCode: 'b' },
    ];
    expect(withoutSolution({ sysCode: 'PBAP', fixes: ['a', 'b'] }, solutions)).toEqual(['b']);
    expect(withoutSolution({ sysCode: 'PBAP', fixes: [] }, solutions)).toEqual([]);
  });
});
