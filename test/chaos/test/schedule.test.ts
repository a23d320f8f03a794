/** The schedule of chaos comes from the seed alone. */
import { expect, it } from 'vitest';
import { FAULT_KINDS, makeProfile, makeSchedule } from '../src/schedule.ts';

const FOR_MS = 100_000;

it('is the same for the same seed, and another for another', () => {
  const profile = makeProfile({ seed: 7, forMs: FOR_MS, without: [] });
  expect(makeProfile({ seed: 7, forMs: FOR_MS, without: [] })).toEqual(profile);
  expect(makeSchedule(profile)).toEqual(makeSchedule(profile));
  expect(makeSchedule(makeProfile({ seed: 8, forMs: FOR_MS, without: [] }))).not.toEqual(
    makeSchedule(profile),
  );
});

it('has every kind at least once, in order of time, each ending before the time is over', () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const schedule = makeSchedule(makeProfile({ seed, forMs: FOR_MS, without: [] }));
    expect(new Set(schedule.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
    expect(schedule.map(({ atMs }) => atMs)).toEqual(
      [...schedule.map(({ atMs }) => atMs)].sort((a, b) => a - b),
    );
    for (const { atMs, forMs } of schedule) expect(atMs + forMs).toBeLessThanOrEqual(FOR_MS + 30_000);
  }
});

it('plans some kinds alone, so often, each end of the freezes about as likely as the other', () => {
  const profile = makeProfile({
    seed: 7,
    forMs: 600_000,
    without: [],
    only: ['freeze-node'],
    times: 30,
    freezeMs: [1_000, 120_000],
  });
  const schedule = makeSchedule(profile);
  expect(schedule.map(({ kind }) => kind)).toEqual(Array.from({ length: 30 }, () => 'freeze-node'));
  const lengths = schedule.map(({ forMs }) => forMs);
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1_000);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(120_000);
  const leaseMs = 15_000;
  expect(lengths.filter((ms) => ms > leaseMs).length).toBeGreaterThan(5);
  expect(lengths.filter((ms) => ms < leaseMs).length).toBeGreaterThan(5);
  // A server is thawed before it is frozen again.
  for (const [index, { atMs, target, forMs }] of schedule.entries())
    for (const later of schedule.slice(index + 1))
      if (later.target === target) expect(later.atMs).toBeGreaterThan(atMs + forMs);
});

it('leaves out what it is told to', () => {
  const schedule = makeSchedule(makeProfile({ seed: 7, forMs: FOR_MS, without: ['clock', 'disk-full'] }));
  expect(schedule.filter(({ kind }) => kind === 'clock' || kind === 'disk-full')).toEqual([]);
});
