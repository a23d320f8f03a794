/** What people do with one solution, each in the caller's transaction: create, change, delete. */
import { PiculusError } from '@piculus/protocol';
import type { Solution, SolutionChange, SolutionInput } from '@piculus/protocol/http';
import { type Approved, requireSecond } from '../approvals/gate.ts';
import { onlySafer } from '../approvals/rules.ts';
import { writeAudit } from '../audit/audit.ts';
import { type Caller, requireThere, type Scope } from '../base/access.ts';
import type { Done } from '../base/done.ts';
import type { Context } from '../base/services.ts';
import { announceDropped, dropBySolution } from '../bulk-runs/drops.ts';
import type { Executor, Tx } from '../store/database.ts';
import { lockSystem } from '../store/locks.ts';
import { dropRunRequests } from '../store/run-requests.ts';
import * as store from '../store/solutions.ts';
import { readSystems } from '../store/systems.ts';
import { announcedBySystem } from './announced.ts';
import * as rules from './rules.ts';
import { identityOf, storeChange, storeNew } from './write.ts';

export async function createSolutionIn(
  tx: Tx,
  context: Context,
  input: SolutionInput,
  caller: Caller,
  approved: Approved | null,
): Promise<Done<Solution>> {
  requireThere(caller, 'configure', input.sysCode);
  const at = context.clock.now();
  rules.refuseBadFields(input, at);
  await requireSystem(tx, input.sysCode);
  // One that is disabled does nothing yet; enabling it is a change.
  if (input.status === 'enabled') await requireSecond(tx, 'change-solution', approved);
  const id = await storeNew(tx, input, { actor: caller.actor, at });
  if (id === null)
    throw new PiculusError('already-exists', `${input.sysCode} has a solution for ${input.fixCode} already`);
  const solution = await readSolution(context, tx, id, 'all');
  return { answer: solution, announce: () => announceSolutions(context, [solution]) };
}

export interface SolutionChangeAsked {
  readonly id: string;
  readonly change: SolutionChange;
  readonly caller: Caller;
}

export async function changeSolutionIn(
  tx: Tx,
  context: Context,
  { id, change, caller }: SolutionChangeAsked,
  approved: Approved | null,
): Promise<Done<Solution>> {
  const row = await lockSolution(tx, id, caller);
  refuseOtherVersion(row, change.expectedVersion);
  const before = rules.versionView(row);
  const after = rules.applyChange(before, change);
  if (!onlySafer(before, after)) await requireSecond(tx, 'change-solution', approved);
  const author = { actor: caller.actor, at: context.clock.now() };
  const { fields, dropped } = await storeChange(tx, row, after, author);
  const solution = await readSolution(context, tx, id, 'all');
  return {
    answer: solution,
    announce: () => {
      if (fields.length > 0) announceSolutions(context, [solution]);
      if (dropped !== null) announceDropped(context, dropped);
    },
  };
}

export function refuseOtherVersion(row: store.SolutionRow, expected: number | undefined): void {
  if (expected === undefined || expected === row.version) return;
  throw new PiculusError(
    'wrong-state',
    `somebody changed it meanwhile: it is at version ${row.version}, not ${expected}`,
  );
}

export async function removeSolutionIn(
  tx: Tx,
  context: Context,
  id: string,
  caller: Caller,
  approved: Approved | null,
): Promise<Done<void>> {
  const { actor } = caller;
  const row = await lockSolution(tx, id, caller);
  await requireSecond(tx, 'change-solution', approved);
  const at = context.clock.now();
  await store.markSolutionDeleted(tx, id, at);
  const detail = { fixCode: row.fix_code, version: row.version };
  const target = `solution:${id}`;
  const solution = rules.versionView(row);
  const { id: _, sysCode, ...before } = solution;
  await writeAudit(tx, { at, actor, act: 'delete-solution', sysCode, target, before, detail });
  const drop = dropBySolution('solution-deleted', actor, at);
  const dropped = await dropRunRequests(tx, identityOf(row), drop);
  return {
    answer: undefined,
    announce: () => {
      announceSolutions(context, [solution]);
      announceDropped(context, dropped);
    },
  };
}

export function announceSolutions(
  { events, wake }: Context,
  solutions: readonly { id: string; sysCode: string }[],
): void {
  for (const sysCode of new Set(solutions.map((one) => one.sysCode))) {
    const ids = solutions.filter((one) => one.sysCode === sysCode).map(({ id }) => id);
    events.publish({ topic: 'solutions', sysCode, ids, more: false });
  }
  wake.notify('solutions');
  wake.notify('dispatch');
}

/**
 * Locks the solution, and its system before it: a claim or a click under way ends first, so that nothing is
 * leased by a version that is no longer the current one. @throws PiculusError `not-found`, `not-allowed`.
 */
export async function lockSolution(tx: Tx, id: string, caller: Caller): Promise<store.SolutionRow> {
  const [found] = await store.readSolutions(tx, { id, scope: caller.scope('view') });
  if (!found) throw notFound(id);
  requireThere(caller, 'configure', found.sys_code);
  await lockSystem(tx, found.sys_code);
  const row = await store.lockSolution(tx, id);
  if (!row) throw notFound(id);
  return row;
}

export const notFound = (id: string): PiculusError =>
  new PiculusError('not-found', `there is no solution ${id}`);

export async function readSolution(
  context: Context,
  db: Executor,
  id: string,
  scope: Scope,
): Promise<Solution> {
  const [row] = await store.readSolutions(db, { id, scope });
  if (!row) throw notFound(id);
  const announced = await announcedBySystem(db, row.sys_code);
  return rules.solutionView(row, announced.get(row.sys_code) ?? new Set(), context.clock.now());
}

export async function requireSystem(db: Executor, sysCode: string): Promise<void> {
  const [system] = await readSystems(db, [sysCode]);
  if (system) return;
  const reason = rules.noSuchSystem(sysCode);
  throw new PiculusError('invalid-field', undefined, [{ field: 'sysCode', reason }]);
}
