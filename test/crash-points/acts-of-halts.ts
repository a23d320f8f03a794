/** What halts repair by itself and lets it go on: breakers and hourly limits. */
import { type Act, resumeAll, setLimits, timePasses } from './act.ts';
import { EVERY_SECOND, SYSTEM, TICKED, until, type World } from './world.ts';

const halts = (kind: 'breaker' | 'limit', which: string): string =>
  `SELECT count(*) FROM piculus.halts WHERE kind = '${kind}' AND ${which}`;
const BREAKER = {
  reportTimes: null,
  reportMin: 1,
  failurePercent: null,
  failureMin: 1,
  contradictionsMax: 0,
} as const;
const ONE_AN_HOUR = { executionsPerHour: 1 } as const;

/** Whether ticks run the solution that they may run; a change makes another version of it. */
async function ticksRun({ requester }: World, executionMode: 'automatic' | 'manual'): Promise<void> {
  const { items } = await requester.listSolutions({ query: { sysCode: SYSTEM } });
  const solution = items.find(({ fixCode }) => fixCode === TICKED);
  if (solution === undefined) throw new Error('the solution that ticks run is not there');
  const body = { executionMode, retryCron: EVERY_SECOND };
  await requester.changeSolution({ params: { id: solution.id }, body });
}

async function isPaused({ piculus }: World): Promise<boolean> {
  const { rows } = await piculus.query(`${halts('limit', 'ended_at IS NULL')} HAVING count(*) > 0`);
  return rows.length > 0;
}

/** What earlier acts left is over: no click waits, no client works, no tick goes on. */
function nothingIsDue({ piculus }: World): Promise<void> {
  return until(async () => {
    const { rows } = await piculus.query(
      `SELECT FROM piculus.run_requests UNION ALL SELECT FROM piculus.leases WHERE closed_at IS NULL
       UNION ALL SELECT FROM piculus.solutions WHERE NOT tick_done AND deleted_at IS NULL`,
    );
    return rows.length === 0;
  });
}

export const HALTS: readonly Act[] = [
  {
    name: 'a breaker trips',
    commit: 'breaker trip',
    done: halts('breaker', 'true'),
    act: 'stop',
    byItself: 'soon',
    async prepare(world) {
      await timePasses(world, 'DELETE FROM piculus.report_counts WHERE contradictions > 0');
      await resumeAll(world);
      await setLimits(world, { breaker: BREAKER });
      // In a slot of which no earlier end of this breaker says that it does not count any more.
      const slot = `date_trunc('hour', now()) + interval '2 hours'`;
      return () =>
        timePasses(
          world,
          `INSERT INTO piculus.report_counts (slot, sys_code, fix_code, reports, contradictions)
           VALUES (${slot}, '${SYSTEM}', '${TICKED}', 1, 1)`,
        );
    },
  },
  {
    name: 'a limit halts what ticks hand out',
    commit: 'fix claim',
    done: halts('limit', 'true'),
    act: 'stop',
    byItself: 'soon',
    async prepare(world) {
      await timePasses(world, 'DELETE FROM piculus.report_counts WHERE contradictions > 0');
      await ticksRun(world, 'manual');
      if (!world.client.runs) await world.client.start();
      await resumeAll(world);
      await nothingIsDue(world);
      await setLimits(world, {});
      await setLimits(world, ONE_AN_HOUR);
      return () => ticksRun(world, 'automatic');
    },
  },
  {
    name: 'a limit lets go on once the hour has passed',
    commit: 'limit end',
    done: halts('limit', 'ended_at IS NOT NULL'),
    act: 'resume',
    byItself: 'soon',
    async prepare(world) {
      await until(() => isPaused(world));
      return () => timePasses(world, `UPDATE piculus.unattended_counts SET slot = slot - interval '2 hours'`);
    },
  },
];
