/** The commands about solutions, as they are asked for and as they are carried out. */
import { PiculusError } from '@piculus/protocol';
import type { ApprovalCommand, ApprovalPreview, SolutionInput } from '@piculus/protocol/http';
import { requireThere } from '../base/access.ts';
import type { Context } from '../base/services.ts';
import {
  changeSolutionIn,
  createSolutionIn,
  lockSolution,
  refuseOtherVersion,
  removeSolutionIn,
  requireSystem,
} from '../solutions/acts.ts';
import { impactOf } from '../solutions/impact.ts';
import { checkedRows, importSolutionsIn, needsSecond, type Row } from '../solutions/import.ts';
import * as rules from '../solutions/rules.ts';
import type { Tx } from '../store/database.ts';
import { readSolutions } from '../store/solutions.ts';
import { asksSecond } from './gate.ts';
import { changesOf, NOTHING, type Asked, type Prepared } from './prepare.ts';
import { onlySafer } from './rules.ts';
import { because, type Why } from './words.ts';

export type SolutionCommand = Extract<
  ApprovalCommand,
  { kind: 'create-solution' | 'change-solution' | 'delete-solution' | 'import-solutions' }
>;

export async function prepareSolution(
  tx: Tx,
  context: Context,
  asked: Asked,
  command: SolutionCommand,
): Promise<Prepared> {
  const { caller } = asked;
  switch (command.kind) {
    case 'create-solution': {
      const { solution } = command;
      requireThere(caller, 'configure', solution.sysCode);
      rules.refuseBadFields(solution, context.clock.now());
      await requireSystem(tx, solution.sysCode);
      const stored = await readSolutions(tx, { sysCode: solution.sysCode, scope: 'all' });
      if (stored.some((row) => row.fix_code === solution.fixCode)) throw new PiculusError('already-exists');
      return {
        ...(await aboutRows(tx, context, [{ input: solution, stored: null }])),
        carryOut: async (approved) =>
          carried(await createSolutionIn(tx, context, solution, caller, approved)),
      };
    }
    case 'change-solution': {
      const { id, change } = command;
      const row = await lockSolution(tx, id, caller);
      refuseOtherVersion(row, change.expectedVersion);
      const before = rules.versionView(row);
      const input = {
        ...rules.applyChange(before, change),
        sysCode: before.sysCode,
        fixCode: before.fixCode,
      };
      if (rules.changesSchedule(rules.changedFields(before, input)))
        rules.refuseBadFields(input, context.clock.now());
      return {
        ...(await aboutRows(tx, context, [{ input, stored: row }])),
        needs: onlySafer(before, input) ? [] : await needsTwo(tx),
        carryOut: async (approved) =>
          carried(await changeSolutionIn(tx, context, { id, change, caller }, approved)),
      };
    }
    case 'delete-solution': {
      const row = await lockSolution(tx, command.id, caller);
      const { id, sysCode, fixCode, version, ...fields } = rules.versionView(row);
      return {
        sysCodes: [sysCode],
        problemIds: [],
        needs: await needsTwo(tx),
        evidence: [{ id, version }],
        preview: { ...NOTHING, changes: changesOf(fixCode, { ...fields }, {}) },
        carryOut: async (approved) =>
          carried(await removeSolutionIn(tx, context, command.id, caller, approved)),
      };
    }
    case 'import-solutions': {
      const { items } = command;
      const rows = await checkedRows(tx, items, caller, context.clock.now());
      return {
        ...(await aboutRows(tx, context, rows)),
        carryOut: async (approved) =>
          carried(await importSolutionsIn(tx, context, { items, dryRun: false }, caller, approved)),
      };
    }
  }
}

const carried = ({ announce }: { announce: () => void }) => ({ announce, bulkRunId: null });

async function needsTwo(tx: Tx): Promise<Why[]> {
  return (await asksSecond(tx, 'change-solution')) ? [because('change-solution')] : [];
}

async function aboutRows(
  tx: Tx,
  context: Context,
  rows: readonly Row[],
): Promise<Omit<Prepared, 'carryOut'>> {
  const [first] = rows;
  return {
    sysCodes: [...new Set(rows.map(({ input }) => input.sysCode))].sort(),
    problemIds: [],
    needs: rows.some(needsSecond) ? await needsTwo(tx) : [],
    evidence: rows.map(({ input, stored }) => ({
      sysCode: input.sysCode,
      fixCode: input.fixCode,
      id: stored?.id ?? null,
      version: stored?.version ?? null,
    })),
    preview: {
      ...NOTHING,
      changes: rows.flatMap(rowChanges),
      impact: first !== undefined && rows.length === 1 ? await impactIn(tx, context, first.input) : null,
    },
  };
}

const impactIn = (tx: Tx, { clock }: Context, input: SolutionInput) => impactOf({ db: tx, clock }, input);

function rowChanges({ input, stored }: Row): ApprovalPreview['changes'] {
  const { sysCode: _, fixCode, ...after } = input;
  const before = stored === null ? null : rules.versionView(stored);
  return rules.FIELD_NAMES.filter((field) => before === null || before[field] !== after[field]).map(
    (field) => ({ what: fixCode, field, from: before?.[field] ?? null, to: after[field] }),
  );
}
