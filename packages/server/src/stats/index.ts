/** What is broken, how much money is at stake, what is being done. */
import { problemCountSchema } from '@piculus/protocol/http';
import type { Context, StatsReader } from '../base/services.ts';
import * as store from '../store/stats.ts';
import { readSystems } from '../systems/index.ts';

const HOUR_MS = 3_600_000;

export function createStats(context: Context): StatsReader {
  const { db, clock } = context;
  return {
    async read(sessions) {
      const now = clock.now();
      const [counts, executing, outcomes, systems] = await Promise.all([
        store.readProblemCounts(db),
        store.countExecuting(db),
        store.countOutcomesSince(db, new Date(now.getTime() - HOUR_MS)),
        readSystems(db, now),
      ]);
      const connected = systems.reduce((sum, system) => sum + system.clientsConnected, 0);
      return {
        at: now.toISOString(),
        counts: counts.map((row) =>
          problemCountSchema.parse({
            sysCode: row.sys_code,
            fixCode: row.fix_code,
            scenario: row.scenario,
            state: row.state,
            outOfPocket: row.out_of_pocket,
            currency: row.currency,
            problems: Number(row.problems),
            amountMinor: row.amount_minor,
          }),
        ),
        waits: [],
        waitsForPerson: 0,
        ages: [],
        hours: [],
        lastCollects: [],
        executing,
        outcomesLastHour: Object.fromEntries(outcomes.map((row) => [row.outcome, Number(row.executions)])),
        // This node's own connections are certain; those of other nodes are as their rows say.
        clientsConnected: Math.max(connected, sessions.all().length),
        alarms: systems.flatMap(({ sysCode, alarm }) => (alarm ? [{ sysCode, message: alarm }] : [])),
      };
    },
  };
}
