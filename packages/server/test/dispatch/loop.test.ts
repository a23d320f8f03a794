import { PiculusError } from '@piculus/protocol';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { noMetrics } from '../../src/base/metrics.ts';
import { createWake } from '../../src/base/wake.ts';
import { createLoop, errorDelayMs } from '../../src/dispatch/loop.ts';

const log = pino({ level: 'silent' });
const HOUR_MS = 3_600_000;

/** A loop whose rounds the test can wait for; it never polls by itself. */
function counted(work: (round: number) => Promise<void> = () => Promise.resolve()) {
  const wake = createWake(systemClock);
  const waiters = new Map<number, () => void>();
  let rounds = 0;
  let inside = 0;
  const loop = createLoop({
    name: 'test',
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms >= HOUR_MS ? ms : 0, signal) },
    log,
    wake,
    metrics: noMetrics,
    wakeReason: 'dispatch',
    pollMs: HOUR_MS,
    work: async () => {
      rounds += 1;
      inside += 1;
      expect(inside).toBe(1);
      try {
        await work(rounds);
      } finally {
        inside -= 1;
        waiters.get(rounds)?.();
      }
    },
  });
  const ended = (round: number): Promise<void> =>
    rounds >= round ? Promise.resolve() : new Promise((resolve) => waiters.set(round, resolve));
  return { loop, wake, ended, rounds: () => rounds };
}

it('works at once and again at each wake, also where it comes during a round', async () => {
  const { loop, wake, ended, rounds } = counted(async (round) => {
    if (round === 1) wake.notify('dispatch');
  });
  loop.start();
  loop.start();
  await ended(2);
  wake.notify('dispatch');
  await ended(3);
  await loop.stop();
  await loop.stop();
  expect(rounds()).toBe(3);
});

it('goes on after failures, whether the database is away or something else broke', async () => {
  const { loop, wake, ended } = counted(async (round) => {
    wake.notify('dispatch');
    if (round === 1) throw new PiculusError('database-away');
    if (round === 2) throw new Error('broken');
  });
  loop.start();
  await ended(4);
  await loop.stop();
});

it('stops during a start and starts during a stop, never twice side by side', async () => {
  const { loop, ended, rounds } = counted(() => new Promise((resolve) => setImmediate(resolve)));
  loop.start();
  const stopped = loop.stop();
  loop.start();
  await Promise.all([stopped, ended(1)]);
  await Promise.all([loop.stop(), loop.stop()]);
  expect(rounds()).toBeLessThanOrEqual(2);
  await counted().loop.stop();
});

it('waits longer after each failure, with jitter, up to a limit', () => {
  expect([1, 2, 3].map((failures) => errorDelayMs(failures, 1))).toEqual([250, 500, 1_000]);
  expect(errorDelayMs(3, 0)).toBe(500);
  expect(errorDelayMs(1_000, 1)).toBe(15_000);
});
