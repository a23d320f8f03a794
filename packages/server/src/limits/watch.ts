/** What time alone changes: limits that have room again, and breakers whose figures have gone too far. */
import type { Context } from '../base/services.ts';
import { type HaltRow, openHalts } from '../store/halts.ts';
import { readLimits } from '../store/limits.ts';
import { lockSystem } from '../store/locks.ts';
import { committed } from '../store/pool.ts';
import { breakerEndedAt, readBreakerFigures } from '../store/report-counts.ts';
import { announceHalts, haltBy, tripOf } from './admit.ts';
import { announceEnd, endPastLimits } from './index.ts';
import { tripped } from './rules.ts';

/** Lets go on what an hourly limit paused and has room again. */
export async function endPaused(context: Context): Promise<void> {
  const paused = new Map<string, HaltRow[]>();
  for (const halt of await openHalts(context.db)) {
    if (halt.kind !== 'limit' || halt.sysCode === null) continue;
    paused.set(halt.sysCode, [...(paused.get(halt.sysCode) ?? []), halt]);
  }
  for (const [sysCode, halts] of paused) {
    const ended = await committed(context, 'limit end', async (tx) => {
      await lockSystem(tx, sysCode);
      return endPastLimits(tx, halts, { actor: 'policy:limit', at: context.clock.now() });
    });
    announceEnd(context, ended);
  }
}

/** Trips breakers without waiting for the next claim, so that people learn of it when it happens. */
export async function tripBreakers(context: Context): Promise<void> {
  const { db, clock } = context;
  const limits = (await readLimits(db)).filter(({ settings }) => settings.breaker !== null);
  if (limits.length === 0) return;
  const open = (await openHalts(db)).filter(({ kind }) => kind === 'breaker');
  for (const row of limits) {
    const { sysCode, fixCode } = row;
    if (open.some((halt) => halt.sysCode === sysCode && halt.fixCode === fixCode)) continue;
    const figures = await readBreakerFigures(db, row, clock.now(), await breakerEndedAt(db, row));
    if (tripped(row.settings.breaker, figures) === null) continue;
    const halts = await committed(context, 'breaker trip', async (tx) => {
      await lockSystem(tx, sysCode);
      const at = clock.now();
      const trip = await tripOf(tx, row, at);
      return trip === null ? [] : haltBy(tx, 'breaker', row, trip, at);
    });
    announceHalts(context, halts);
  }
}
