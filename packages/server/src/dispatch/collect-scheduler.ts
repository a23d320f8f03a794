/**
 * Starts collections by each system's own cron. A tick missed while no server ran is made up once; while the
 * collect of the tick before still runs, the next one waits instead of piling up.
 */
import { policyCaller } from '../base/access.ts';
import type { Context, Loop } from '../base/services.ts';
import { startCollection } from '../collections/commands.ts';
import { previousTick } from '../solutions/quartz.ts';
import { isDatabaseAway } from '../store/availability.ts';
import { hasOpenCronCommand } from '../store/collect-commands.ts';
import { committed } from '../store/pool.ts';
import { advanceCollectTick, readSystems, type SystemRow } from '../store/systems.ts';
import { createLoop } from './loop.ts';

export function createCollectScheduler(
  context: Context,
  { pollMs = 1_000 }: { readonly pollMs?: number } = {},
): Loop {
  return createLoop({
    ...context,
    name: 'collect-scheduler',
    wakeReason: null,
    pollMs,
    work: () => startDueCollects(context),
  });
}

async function startDueCollects(context: Context): Promise<void> {
  const now = context.clock.now();
  for (const system of await readSystems(context.db)) {
    try {
      await startDueCollect(context, system, now);
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      // One system that cannot be scheduled must not keep the others from their collects.
      context.log.error(
        { err: error, sysCode: system.sys_code, cron: system.collect_cron },
        'cannot start a scheduled collect',
      );
    }
  }
}

async function startDueCollect(context: Context, system: SystemRow, now: Date): Promise<void> {
  const tick = dueTick(system, now);
  if (tick === null) return;
  const id = await startDue(context, system, tick);
  if (id === null) return;
  context.log.info({ sysCode: system.sys_code, tick, collectionId: id }, 'scheduled collect started');
  context.events.publish({ topic: 'collections', sysCode: system.sys_code, ids: [id], more: false });
  context.wake.notify('collect');
}

function dueTick(system: SystemRow, now: Date): Date | null {
  if (!system.enabled || system.collect_cron === null) return null;
  const since = system.collect_tick_at ?? system.created_at;
  return previousTick(system.collect_cron, system.collect_time_zone, now, since);
}

/** The tick moves on and the collection starts together, so that a crash between them loses neither. */
function startDue(context: Context, system: SystemRow, tick: Date): Promise<string | null> {
  return committed(context, 'collect start', async (tx) => {
    // The tick stays due until the collect before it has ended.
    if (await hasOpenCronCommand(tx, system.sys_code)) return null;
    const ours = await advanceCollectTick(tx, system.sys_code, system.collect_tick_at, tick);
    if (!ours) return null;
    return startCollection(context, tx, { sysCodes: [system.sys_code] }, policyCaller('cron'), 'cron');
  });
}
