/** The solutions: what is configured for each system and fix code, with every version kept. */
import { PiculusError } from '@piculus/protocol';
import type { Solution } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import { type Caller, requireThere, type Scope } from '../base/access.ts';
import type { Context, Solutions } from '../base/services.ts';
import { announceDropped, dropBySolution } from '../bulk-runs/drops.ts';
import type { Executor, Tx } from '../store/database.ts';
import { lockSystem } from '../store/locks.ts';
import { transaction } from '../store/pool.ts';
import { type DroppedClicks, dropRunRequests } from '../store/run-requests.ts';
import * as store from '../store/solutions.ts';
import { readSystems } from '../store/systems.ts';
import { cronInWords } from './quartz.ts';
import { announcedBySystem } from './announced.ts';
import { impactOf } from './impact.ts';
import { importSolutions } from './import.ts';
import * as rules from './rules.ts';
import { identityOf, storeChange, storeNew } from './write.ts';

export function createSolutions(context: Context): Solutions {
  const { db, clock } = context;
  const changed = (...solutions: readonly { id: string; sysCode: string }[]): void => {
    for (const sysCode of new Set(solutions.map((one) => one.sysCode))) {
      const ids = solutions.filter((one) => one.sysCode === sysCode).map(({ id }) => id);
      context.events.publish({ topic: 'solutions', sysCode, ids, more: false });
    }
    context.wake.notify('solutions');
    context.wake.notify('dispatch');
  };

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
      const { actor } = caller;
      const now = clock.now();
      rules.refuseBadFields(input, now);
      const solution = await transaction(db, async (tx) => {
        await requireSystem(tx, input.sysCode);
        const id = await storeNew(tx, input, { actor, at: now });
        if (id === null) {
          throw new PiculusError(
            'already-exists',
            `${input.sysCode} has a solution for ${input.fixCode} already`,
          );
        }
        return readSolution(context, tx, id, 'all');
      });
      changed(solution);
      return solution;
    },

    async change(id, change, caller) {
      const { solution, fields, dropped } = await transaction(db, (tx) =>
        changeSolution(context, tx, id, change, caller),
      );
      if (fields.length > 0) changed(solution);
      if (dropped !== null) announceDropped(context, dropped);
      return solution;
    },

    async remove(id, caller) {
      const { actor } = caller;
      const { solution, dropped } = await transaction(db, async (tx) => {
        const row = await lockSolution(tx, id, caller);
        const at = clock.now();
        await store.markSolutionDeleted(tx, id, at);
        const detail = { fixCode: row.fix_code, version: row.version };
        const target = `solution:${id}`;
        const { id: _, sysCode, ...before } = rules.versionView(row);
        await writeAudit(tx, { at, actor, act: 'delete-solution', sysCode, target, before, detail });
        const drop = dropBySolution('solution-deleted', actor, at);
        return {
          solution: rules.versionView(row),
          dropped: await dropRunRequests(tx, identityOf(row), drop),
        };
      });
      changed(solution);
      announceDropped(context, dropped);
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
      const done = await importSolutions(context, input, caller);
      if (done.changed.length > 0) changed(...done.changed);
      for (const dropped of done.dropped) announceDropped(context, dropped);
      return { items: done.items };
    },
  };
}

async function changeSolution(
  context: Context,
  tx: Tx,
  id: string,
  change: Parameters<Solutions['change']>[1],
  caller: Caller,
): Promise<{ solution: Solution; fields: readonly string[]; dropped: DroppedClicks | null }> {
  const row = await lockSolution(tx, id, caller);
  if (change.expectedVersion !== undefined && change.expectedVersion !== row.version) {
    throw new PiculusError(
      'wrong-state',
      `somebody changed it meanwhile: it is at version ${row.version}, not ${change.expectedVersion}`,
    );
  }
  const after = rules.applyChange(rules.versionView(row), change);
  const { fields, dropped } = await storeChange(tx, row, after, {
    actor: caller.actor,
    at: context.clock.now(),
  });
  return { solution: await readSolution(context, tx, id, 'all'), fields, dropped };
}

/**
 * Locks the solution, and its system before it: a claim or a click under way ends first, so that nothing is
 * leased by a version that is no longer the current one. @throws PiculusError `not-found`, `not-allowed`.
 */
async function lockSolution(tx: Tx, id: string, caller: Caller): Promise<store.SolutionRow> {
  const [found] = await store.readSolutions(tx, { id, scope: caller.scope('view') });
  if (!found) throw notFound(id);
  requireThere(caller, 'configure', found.sys_code);
  await lockSystem(tx, found.sys_code);
  const row = await store.lockSolution(tx, id);
  if (!row) throw notFound(id);
  return row;
}

const notFound = (id: string): PiculusError => new PiculusError('not-found', `there is no solution ${id}`);

async function readSolution(context: Context, db: Executor, id: string, scope: Scope): Promise<Solution> {
  const [row] = await store.readSolutions(db, { id, scope });
  if (!row) throw notFound(id);
  const announced = await announcedBySystem(db, row.sys_code);
  return rules.solutionView(row, announced.get(row.sys_code) ?? new Set(), context.clock.now());
}

async function requireSystem(db: Executor, sysCode: string): Promise<void> {
  const [system] = await readSystems(db, [sysCode]);
  if (system) return;
  const reason = rules.noSuchSystem(sysCode);
  throw new PiculusError('invalid-field', undefined, [{ field: 'sysCode', reason }]);
}
