/** What is broken, how much money is at stake, what is being done. */
import { problemCountSchema, type Stats } from '@piculus/protocol/http';
import { SLOT_MS, startOf } from '../base/slots.ts';
import { inScope } from '../base/access.ts';
import type { Context, StatsReader } from '../base/services.ts';
import { commandView } from '../collections/queries.ts';
import { type CommandRow, readLastCommands } from '../store/collect-commands.ts';
import { readExecutionHours, readOutcomes } from '../store/execution-counts.ts';
import { readProblemAges } from '../store/problem-ages.ts';
import { countExecuting, readProblemCounts, readWaiting } from '../store/stats.ts';
import { refusalAlarms } from '../keys/refusals.ts';
import { readSystems } from '../systems/index.ts';
import { haltView } from '../limits/index.ts';
import { listHalts } from '../store/halts.ts';
import { ageEdges, asAges } from './ages.ts';
import { asHours, firstHour, HOUR_MS } from './hours.ts';
import { waitsForPerson, waitsOf } from './waits.ts';

/** More things than this do not stand still for reasons of their own. */
const HALTS_SHOWN_MAX = 100;

export function createStats(context: Context): StatsReader {
  const { db, clock } = context;
  return {
    async read(sessions, caller) {
      const now = clock.now();
      const scope = caller.scope('view');
      const edges = ageEdges(now);
      const lastHour = startOf(new Date(now.getTime() - HOUR_MS), SLOT_MS);
      const [counts, waiting, ages, hours, outcomes, commands, executing, systems] = await Promise.all([
        readProblemCounts(db, scope),
        readWaiting(db, scope, now),
        readProblemAges(db, scope, edges),
        readExecutionHours(db, scope, firstHour(now)),
        readOutcomes(db, scope, lastHour),
        readLastCommands(db, scope),
        countExecuting(db, scope),
        readSystems(db, now, scope),
      ]);
      const halts = await listHalts(db, { scope, open: true, before: null, limit: HALTS_SHOWN_MAX });
      const refusals = await refusalAlarms(db, now);
      const here = sessions.all().filter(({ sysCode }) => inScope(scope, sysCode)).length;
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
        waits: waitsOf(waiting),
        halts: halts.map(haltView),
        waitsForPerson: waitsForPerson(waiting),
        ages: asAges(edges, ages),
        hours: asHours(now, hours),
        lastCollects: commands.map(asLastCollect),
        executing,
        outcomesLastHour: Object.fromEntries(outcomes.map((row) => [row.outcome, Number(row.executions)])),
        // This node's own connections are certain; those of other nodes are as their rows say.
        clientsConnected: Math.max(connected, here),
        alarms: [
          ...systems.flatMap(({ sysCode, alarm }) => (alarm ? [{ sysCode, message: alarm }] : [])),
          ...refusals.filter(({ sysCode }) => inScope(scope, sysCode)),
        ],
      };
    },
  };
}

function asLastCollect(row: CommandRow): Stats['lastCollects'][number] {
  return {
    collectionId: row.collection_id,
    windowFrom: row.window_from.toISOString(),
    windowTo: row.window_to.toISOString(),
    command: commandView(row),
  };
}
