/** The solutions: what is configured for each system and fix code, with every version kept. */
import { requireThere } from '../base/access.ts';
import { afterwards } from '../base/done.ts';
import type { Context, Solutions } from '../base/services.ts';
import { committed } from '../store/pool.ts';
import * as store from '../store/solutions.ts';
import { announcedBySystem } from './announced.ts';
import {
  changeSolutionIn,
  createSolutionIn,
  notFound,
  readSolution,
  removeSolutionIn,
  requireSystem,
} from './acts.ts';
import { impactOf } from './impact.ts';
import { importSolutionsIn } from './import.ts';
import { cronInWords } from './quartz.ts';
import * as rules from './rules.ts';

export function createSolutions(context: Context): Solutions {
  const { db, clock } = context;
  return {
    async list(filter, caller) {
      const [rows, announced] = await Promise.all([
        store.readSolutions(db, { sysCode: filter.sysCode, scope: caller.scope('view') }),
        announcedBySystem(db, filter.sysCode),
      ]);
      const now = clock.now();
      return rows.map((row) => rules.solutionView(row, announced.get(row.sys_code) ?? new Set(), now));
    },

    get: (id, caller) => readSolution(context, db, id, caller.scope('view')),

    async create(input, caller) {
      requireThere(caller, 'configure', input.sysCode);
      rules.refuseBadFields(input, clock.now());
      return afterwards(
        await committed(context, 'act', (tx) => createSolutionIn(tx, context, input, caller, null)),
      );
    },

    async change(id, change, caller) {
      const about = { id, change, caller };
      return afterwards(await committed(context, 'act', (tx) => changeSolutionIn(tx, context, about, null)));
    },

    async remove(id, caller) {
      return afterwards(
        await committed(context, 'act', (tx) => removeSolutionIn(tx, context, id, caller, null)),
      );
    },

    async versions(id, caller) {
      const rows = await store.readVersions(db, id, caller.scope('view'));
      if (rows.length === 0) throw notFound(id);
      return rows.map(rules.versionView);
    },

    async validate(input, caller) {
      requireThere(caller, 'view', input.sysCode);
      const now = clock.now();
      rules.refuseBadFields(input, now);
      await requireSystem(db, input.sysCode);
      const announced = await announcedBySystem(db, input.sysCode);
      return {
        warnings: rules.warningsFor(input.fixCode, announced.get(input.sysCode) ?? new Set()),
        nextTicks: rules.previewTicks(input.retryCron, input.timeZone, now),
        words: cronInWords(input.retryCron),
        impact: await impactOf(context, input),
      };
    },

    async import(input, caller) {
      return afterwards(
        await committed(context, 'act', (tx) => importSolutionsIn(tx, context, input, caller, null)),
      );
    },
  };
}
