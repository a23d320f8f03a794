/** How requests end: a second person agrees or refuses, the first takes them back, time or a change makes them void. */
import { PiculusError } from '@piculus/protocol';
import { writeAudit } from '../audit/audit.ts';
import { type Caller, requireFresh } from '../base/access.ts';
import { actingByApproval } from '../base/acting.ts';
import type { Context } from '../base/services.ts';
import { readScopes } from '../identity/grants.ts';
import {
  type ApprovalRow,
  decideApproval,
  type Decision,
  lockApproval,
  overdueApprovals,
  readPolicy,
  setBulkRunOf,
} from '../store/approvals.ts';
import type { Tx } from '../store/database.ts';
import { committed } from '../store/pool.ts';
import { selectUser } from '../store/users.ts';
import { approvalHash, commandHash, sameEvidence } from './hash.ts';
import { type Carried, prepare, type Prepared } from './prepare.ts';
import { covers, isVisible, stateAt } from './views.ts';

/** As the records name who ends requests without a person. */
const POLICY = 'policy:approvals';

export interface Deciding {
  readonly caller: Caller;
  readonly reason: string;
}

/** Something is otherwise than it was when it was asked for; the reason is for people. */
class Changed extends Error {}

/**
 * Carries the command out as its requester's act. Where something changed since it was asked for, or it cannot be
 * done any more, the request becomes void instead and nothing else happens.
 * @throws PiculusError `not-found`, `not-allowed`, `reauthentication-required`, `wrong-state`.
 */
export async function approve(
  context: Context,
  id: string,
  deciding: Deciding & { readonly hash: string },
): Promise<void> {
  const { caller } = deciding;
  const voided = async (reason: string): Promise<void> => {
    const ended = await committed(context, 'approval void', async (tx) => {
      const row = await lockApproval(tx, id);
      if (row === null || row.state !== 'open') return null;
      await end(tx, row, { state: 'void', at: context.clock.now(), reason });
      return row;
    });
    if (ended !== null) announceApproval(context, id, ended.sysCodes);
  };
  try {
    const { carried, row } = await committed(context, 'approval', (tx) =>
      approveIn(tx, context, id, deciding),
    );
    announceApproval(context, id, row.sysCodes);
    carried.announce();
  } catch (error) {
    if (!(error instanceof Changed)) throw error;
    context.log.info({ approval: id, by: caller.actor }, `an approval came too late: ${error.message}`);
    await voided(error.message);
  }
}

async function approveIn(
  tx: Tx,
  context: Context,
  id: string,
  { caller, reason, hash }: Deciding & { readonly hash: string },
): Promise<{ carried: Carried; row: ApprovalRow }> {
  const at = context.clock.now();
  const row = await lockedFor(tx, id, caller, at);
  if (row.hash.toString('hex') !== hash)
    throw new PiculusError('wrong-state', 'this is not the request that was shown; read it again');
  const requester = await requesterOf(tx, row);
  const prepared = await stillHolds(tx, context, row, requester);
  const decision = { state: 'approved', by: caller.actor, byId: caller.userId, at, reason } as const;
  if (!(await decideApproval(tx, id, decision))) throw new PiculusError('wrong-state');
  await tellDecision(tx, row, decision);
  const carried = await actingByApproval(requester, id, () => changedWhere(() => prepared.carryOut({ id })));
  if (carried.bulkRunId !== null) await setBulkRunOf(tx, id, carried.bulkRunId);
  return { carried, row };
}

/** The request, open and locked. @throws PiculusError where this person may not decide about it. */
async function lockedFor(tx: Tx, id: string, caller: Caller, at: Date): Promise<ApprovalRow> {
  const row = await lockApproval(tx, id);
  if (row === null || !isVisible(row, caller)) throw new PiculusError('not-found');
  if (!covers(caller.scope('approve'), row))
    throw new PiculusError('not-allowed', 'this needs the permission to approve in all systems concerned');
  // Tokens and old sessions first: what is open is no business of theirs.
  requireFresh(caller, at);
  if (row.requestedById === caller.userId)
    throw new PiculusError('not-allowed', 'nobody decides about what they asked for themselves');
  if (stateAt(row, at) !== 'open') throw new PiculusError('wrong-state', 'it is not open any more');
  return row;
}

/** The one who asked, with what they may do now. @throws Changed where they cannot sign in any more. */
async function requesterOf(tx: Tx, row: ApprovalRow): Promise<Caller> {
  const user = await selectUser(tx, row.requestedById);
  if (user === undefined || user.banned) throw new Changed('who asked for it cannot sign in any more');
  return {
    actor: user.username,
    userId: user.id,
    via: row.requestedVia,
    from: row.requestedFrom,
    authenticatedAt: null,
    scope: await readScopes(tx, user.id),
  };
}

/** @throws Changed where anything is otherwise than it was when it was asked for. */
async function stillHolds(tx: Tx, context: Context, row: ApprovalRow, requester: Caller): Promise<Prepared> {
  const intact = approvalHash(row).equals(row.hash) && commandHash(row.command).equals(row.commandHash);
  if (!intact) throw new Changed('the request is not the one that was made');
  if ((await readPolicy(tx)).version !== row.policyVersion) throw new Changed('the policy was changed');
  const asked = { command: row.command, caller: requester, reason: row.reason };
  const prepared = await changedWhere(() => prepare(tx, context, asked));
  if (!sameEvidence(prepared.evidence, row.evidence))
    throw new Changed('what it is about was changed after it was asked for');
  return prepared;
}

/** What the act itself refuses now, it would not have refused when it was asked for. */
async function changedWhere<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PiculusError && !error.retryable)
      throw new Changed(`it cannot be done any more: ${error.message}`, { cause: error });
    throw error;
  }
}

export async function reject(context: Context, id: string, { caller, reason }: Deciding): Promise<void> {
  const row = await committed(context, 'act', async (tx) => {
    const at = context.clock.now();
    const found = await lockedFor(tx, id, caller, at);
    const decision = { state: 'rejected', by: caller.actor, byId: caller.userId, at, reason } as const;
    if (!(await decideApproval(tx, id, decision))) throw new PiculusError('wrong-state');
    await tellDecision(tx, found, decision);
    return found;
  });
  announceApproval(context, id, row.sysCodes);
}

export async function withdraw(context: Context, id: string, { caller, reason }: Deciding): Promise<void> {
  const row = await committed(context, 'act', async (tx) => {
    const at = context.clock.now();
    const found = await lockApproval(tx, id);
    if (found === null || !isVisible(found, caller)) throw new PiculusError('not-found');
    if (found.requestedById !== caller.userId)
      throw new PiculusError('wrong-state', 'only who asked for it takes it back');
    const decision = { state: 'withdrawn', by: caller.actor, byId: caller.userId, at, reason } as const;
    if (!(await decideApproval(tx, id, decision)))
      throw new PiculusError('wrong-state', 'it is not open any more');
    await tellDecision(tx, found, decision);
    return found;
  });
  announceApproval(context, id, row.sysCodes);
}

/** Ends what nobody decided about in time. */
export async function expire(context: Context): Promise<void> {
  const rows = await committed(context, 'approval expired', async (tx) => {
    const at = context.clock.now();
    const overdue = await overdueApprovals(tx, at);
    for (const row of overdue) await end(tx, row, { state: 'expired', at, reason: 'nobody decided in time' });
    return overdue;
  });
  for (const { id, sysCodes } of rows) announceApproval(context, id, sysCodes);
}

/** Without a person. */
export async function end(
  tx: Tx,
  row: ApprovalRow,
  ending: Pick<Decision, 'state' | 'at' | 'reason'>,
): Promise<void> {
  const decision = { ...ending, by: POLICY, byId: null };
  if (await decideApproval(tx, row.id, decision)) await tellDecision(tx, row, decision);
}

const ACTS: Readonly<Record<Decision['state'], string>> = {
  approved: 'approve',
  rejected: 'reject-approval',
  withdrawn: 'withdraw-approval',
  expired: 'approval-expired',
  void: 'approval-void',
};

function tellDecision(tx: Tx, row: ApprovalRow, { state, by, at, reason }: Decision): Promise<void> {
  const { id, kind, command, requestedBy } = row;
  return writeAudit(tx, {
    at,
    actor: by,
    act: ACTS[state],
    target: `approval:${id}`,
    sysCode: row.sysCodes.length === 1 ? (row.sysCodes[0] ?? null) : null,
    problemId: command.kind === 'run' || command.kind === 'reopen' ? command.problemId : null,
    reason,
    detail: { kind, requestedBy, hash: row.hash.toString('hex') },
  });
}

export function announceApproval({ events }: Context, id: string, systems: readonly string[]): void {
  const whose = systems.length === 0 ? {} : { systems };
  events.publish({ topic: 'approvals', sysCode: null, ids: [id], more: false, ...whose });
}
