/**
 * Opens the ticks of automatic solutions. A pass under way is finished before the next one opens, so that the
 * head of a long list does not starve its tail; ticks missed meanwhile, or while no server ran, are one.
 */
import type { Context, Loop } from '../base/services.ts';
import { previousTick } from '../solutions/quartz.ts';
import { isDatabaseAway } from '../store/availability.ts';
import { lockSystem } from '../store/locks.ts';
import { committed } from '../store/pool.ts';
import { beginTicks, endTick, openTick, solutionTicks, type TickRow } from '../store/ticks.ts';
import { createLoop } from './loop.ts';

export function createScheduler(context: Context, options: { readonly pollMs?: number } = {}): Loop {
  return createLoop({
    ...context,
    name: 'scheduler',
    wakeReason: 'solutions',
    pollMs: options.pollMs ?? 500,
    work: () => openDueTicks(context),
  });
}

async function openDueTicks(context: Context): Promise<void> {
  let opened = false;
  for (const row of await solutionTicks(context.db)) {
    try {
      if (await openDueTick(context, row)) opened = true;
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      // One solution that cannot be scheduled must not keep the others from their ticks.
      context.log.error(
        { err: error, solutionId: row.solutionId, cron: row.retryCron },
        'cannot open a tick',
      );
    }
  }
  if (opened) context.wake.notify('dispatch');
}

/** @returns whether problems wait for a tick that this call opened. */
async function openDueTick(context: Context, row: TickRow): Promise<boolean> {
  const { clock } = context;
  const { solutionId, sysCode, tickAt } = row;
  if (row.status !== 'enabled' || row.executionMode !== 'automatic') {
    if (!row.tickDone) await committed(context, 'ticks end', (tx) => endTick(tx, solutionId));
    return false;
  }
  const now = clock.now();
  if (tickAt === null) {
    await committed(context, 'ticks begin', (tx) => beginTicks(tx, solutionId, now));
    return false;
  }
  if (!row.tickDone && !row.untouched) return false;
  const due = previousTick(row.retryCron, row.timeZone, now, tickAt);
  if (due === null) return false;
  const waiting = await committed(context, 'tick', async (tx) => {
    await lockSystem(tx, sysCode);
    return openTick(tx, { solutionId, from: tickAt, to: due });
  });
  return waiting === true;
}
