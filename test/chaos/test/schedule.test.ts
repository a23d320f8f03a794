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

it('leaves out what it is told to', () => {
  const schedule = makeSchedule(makeProfile({ seed: 7, forMs: FOR_MS, without: ['clock', 'disk-full'] }));
  expect(schedule.filter(({ kind }) => kind === 'clock' || kind === 'disk-full')).toEqual([]);
});
