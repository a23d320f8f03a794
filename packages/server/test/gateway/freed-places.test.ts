/** When the dispatcher hears of places that became free. */
import { expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { FreedPlaces } from '../../src/gateway/freed-places.ts';

function scene() {
  const sleeps: { ms: number; end(): void }[] = [];
  const told: string[] = [];
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => sleeps.push({ ms, end: resolve }));
  const wake = { notify: (reason: string) => void told.push(reason), wait: () => Promise.resolve() };
  const freed = new FreedPlaces({ clock: { ...systemClock, sleep }, wake }, new AbortController().signal);
  return { freed, sleeps, told };
}

it('tells at once where a quarter of the places is free', () => {
  const { freed, sleeps, told } = scene();
  freed.of({ places: 16, freePlaces: 4 });
  freed.of({ places: 1, freePlaces: 1 });
  expect(told).toEqual(['dispatch', 'dispatch']);
  expect(sleeps).toEqual([]);
});

it('tells of fewer a moment later, once for all that came free meanwhile', async () => {
  const { freed, sleeps, told } = scene();
  freed.of({ places: 16, freePlaces: 1 });
  freed.of({ places: 16, freePlaces: 2 });
  freed.of({ places: 1_000, freePlaces: 249 });
  expect(told).toEqual([]);
  expect(sleeps.map(({ ms }) => ms)).toEqual([20]);
  sleeps[0]?.end();
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['dispatch']);
  freed.of({ places: 16, freePlaces: 3 });
  expect(sleeps).toHaveLength(2);
});
