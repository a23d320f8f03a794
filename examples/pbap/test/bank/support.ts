import { createTestDatabase } from '../../../../test/support/database.ts';
import { createBank } from '../../src/bank/bank.ts';
import { migrateBank } from '../../src/bank/migrate.ts';
import { createBehaviour, DEFAULT_PROFILE, type ProfileOptions } from '../../src/bank/profile.ts';
import type { Submit } from '../../src/bank/words.ts';
import type { Clock } from '../../src/shared/clock.ts';
import { createPool } from '../../src/shared/database.ts';

/** A clock that stands still until it is moved; who sleeps wakes when its time has come. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(start = new Date('2026-03-01T10:00:00.000Z')): ManualClock {
  let nowMs = start.getTime();
  let sleepers: Array<{ wakesAt: number; wake: () => void }> = [];
  let ids = 0;
  return {
    now: () => new Date(nowMs),
    uuid: () => {
      ids += 1;
      return `id-${ids}`;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        sleepers.push({ wakesAt: nowMs + ms, wake: resolve });
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
    advance: (ms) => {
      nowMs += ms;
      const due = sleepers.filter((sleeper) => sleeper.wakesAt <= nowMs);
      sleepers = sleepers.filter((sleeper) => sleeper.wakesAt > nowMs);
      for (const sleeper of due) sleeper.wake();
    },
  };
}

/** A bank without its HTTP door and without background work: the test says when something settles. */
export async function openBank(profile: Partial<ProfileOptions> = {}) {
  const database = await createTestDatabase();
  const pool = createPool({ url: database.url, name: 'bank-test', size: 10 });
  await migrateBank(pool);
  const clock = manualClock();
  const behaviour = createBehaviour({ ...DEFAULT_PROFILE, ...profile });
  return {
    pool,
    clock,
    behaviour,
    url: database.url,
    bank: createBank({ pool, clock, behaviour }),
    movements: async () => {
      const result = await pool.query<{ request_no: string; kind: string; amount_minor: string }>(
        'select request_no, kind, amount_minor from bank.movements order by line_no',
      );
      return result.rows;
    },
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

export function payout(requestNo: string, changes: Partial<Submit> = {}): Submit {
  return {
    requestNo,
    orderNo: requestNo.replace(/-[0-9]+$/, ''),
    kind: 'payout',
    amountMinor: '70000',
    currency: 'CZK',
    counterparty: 'CARD-1',
    ...changes,
  };
}
