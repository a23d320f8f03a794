/** Work that comes back unused: as if it had never been claimed, no execution and no retry. */
import type { ClientMessageBody } from '@piculus/protocol';
import type { Context, Session } from '../base/services.ts';
import { announceDropped, dropBySolution } from '../bulk-runs/drops.ts';
import type { Tx } from '../store/database.ts';
import type { ConnectionNumber } from '../store/fencing.ts';
import { answerLease, deleteLease, type LeaseRow, lockLease, systemOfLease } from '../store/leases.ts';
import { lockSystem } from '../store/locks.ts';
import { committed } from '../store/pool.ts';
import { canBeRun, type DroppedClicks, dropRunRequests } from '../store/run-requests.ts';
import { rewindTick } from '../store/ticks.ts';
import { uncountUnattended } from '../store/unattended-counts.ts';

/**
 * The client refused the lease, or went before it had it. A lease with answers stays, for then the client has it after
 * all.
 */
export async function giveBack(
  context: Context,
  leaseId: string,
  connection: ConnectionNumber,
): Promise<void> {
  const gone = await committed(context, 'give back', async (tx) => {
    const lease = await lockOpenLease(tx, leaseId);
    if (lease === null || lease.answeredIds.length > 0) return null;
    const work = { lease, connection, ids: lease.problemIds };
    return release(tx, work, context.clock.now());
  });
  tell(context, gone);
}

/**
 * What a client says that it will not begin, because it was halted. A repeat changes nothing, and what was answered
 * meanwhile stays answered.
 */
export async function takeBack(
  context: Context,
  session: Session,
  { leases }: ClientMessageBody<'halted'>,
): Promise<void> {
  for (const { leaseId, problemIds } of leases) {
    const named = new Set(problemIds);
    const gone = await committed(context, 'give back', async (tx) => {
      const lease = await lockOpenLease(tx, leaseId);
      if (lease?.sysCode !== session.sysCode || lease.clientId !== session.clientId) return null;
      const answered = new Set(lease.answeredIds);
      const open = lease.problemIds.filter((id) => named.has(id) && !answered.has(id));
      const work = { lease, connection: session.connection ?? null, ids: open };
      return open.length === 0 ? null : release(tx, work, context.clock.now());
    });
    tell(context, gone);
  }
}

/** Under the system's lock: a claim under way would move the tick's pass on behind our back. */
async function lockOpenLease(tx: Tx, leaseId: string): Promise<LeaseRow | null> {
  const sysCode = await systemOfLease(tx, leaseId);
  if (sysCode === null) return null;
  await lockSystem(tx, sysCode);
  const lease = await lockLease(tx, leaseId);
  return lease === null || lease.closedAt !== null ? null : lease;
}

interface Unused {
  readonly lease: LeaseRow;
  /** Which connection of the client says so. */
  readonly connection: ConnectionNumber;
  readonly ids: readonly string[];
}

interface Gone {
  readonly sysCode: string;
  /** Clicks that have nowhere to go: their solution went, or their bulk run was cancelled, while the client had them. */
  readonly dropped: DroppedClicks | null;
}

/** The click is still there, and the tick's pass goes back to its problems. */
async function release(tx: Tx, { lease, connection, ids }: Unused, at: Date): Promise<Gone> {
  const { sysCode, fixCode } = lease;
  const held = { id: lease.id, epoch: lease.epoch, connection };
  if (lease.trigger === 'tick') {
    const first = ids.reduce((low, one) => (BigInt(one) < BigInt(low) ? one : low));
    await rewindTick(tx, lease.solutionId, first);
    await uncountUnattended(tx, lease, ids);
  }
  if (ids.length === lease.problemIds.length) await deleteLease(tx, held);
  else {
    const closes = lease.answeredIds.length + ids.length === lease.problemIds.length;
    await answerLease(tx, held, { answeredIds: ids, closedAt: closes ? at : null });
  }
  if (lease.trigger === 'tick') return { sysCode, dropped: null };
  if (await canBeRun(tx, sysCode, fixCode)) return { sysCode, dropped: await dropCancelled(tx, ids, at) };
  const drop = dropBySolution('solution-gone', 'policy:solution', at);
  return { sysCode, dropped: await dropRunRequests(tx, { sysCode, fixCode }, drop) };
}

/** Of a bulk run that was cancelled while a client had them nothing begins anew; who cancelled it is told already. */
async function dropCancelled(tx: Tx, ids: readonly string[], at: Date): Promise<DroppedClicks | null> {
  const drop = { cause: 'run-cancelled', note: null, at, told: null };
  const dropped = await dropRunRequests(tx, { cancelled: ids }, drop);
  return dropped.problems.length === 0 ? null : dropped;
}

function tell(context: Context, gone: Gone | null): void {
  if (gone === null) return;
  context.metrics.count('piculus_given_back_total', { sys_code: gone.sysCode });
  if (gone.dropped !== null) announceDropped(context, gone.dropped);
  context.wake.notify('dispatch');
}
