/**
 * The claim: one lease over a batch of one solution, in one transaction. Claims of one system take turns under
 * the system's lock, so no record is ever under two leases; nothing is written per problem.
 */
import { commandKey, type FixCommand, type FixItem, LIMITS } from '@piculus/protocol';
import { evidenceHash } from '@piculus/protocol/signing';
import type { Context, Session } from '../base/services.ts';
import { admit, announceHalts } from '../limits/admit.ts';
import { announceDropped } from '../bulk-runs/drops.ts';
import { DROP_CAUSES } from '../bulk-runs/words.ts';
import { type Candidate, clickedCandidates, tickCandidates } from '../store/claims.ts';
import type { Tx } from '../store/database.ts';
import { requireNewest } from '../store/fencing.ts';
import type { HaltRow } from '../store/halts.ts';
import { insertLease } from '../store/leases.ts';
import { lockSystem } from '../store/locks.ts';
import { committed } from '../store/pool.ts';
import { type DroppedClicks, dropRunRequests } from '../store/run-requests.ts';
import { type DueSolution, dueSolutions, moveTickCursor } from '../store/ticks.ts';
import { countUnattended } from '../store/unattended-counts.ts';
import type { ExecutionOptions } from './options.ts';

/** Leaves room for the envelope, so that a full batch of the longest keys still fits into one message. */
const BATCH_BYTES_MAX = LIMITS.messageBytes * 0.8;
/** What the signature adds included. */
const ITEM_BYTES = 800;

interface Batch {
  readonly solution: DueSolution;
  readonly items: readonly Candidate[];
}

export interface ClaimSize {
  readonly max: number;
  /** Somebody has just seen that something is due in this system. */
  readonly isDue: boolean;
}

export async function claim(
  context: Context,
  options: ExecutionOptions,
  session: Session,
  { max, isDue }: ClaimSize,
): Promise<FixCommand | null> {
  const limit = Math.min(max, LIMITS.fixesPerMessage);
  const fixes = [...session.fixes];
  if (limit < 1 || fixes.length === 0) return null;
  // Looked at before the lock is taken: most questions find nothing due and cost one read.
  if (!isDue && (await dueSolutions(context.db, session.sysCode, fixes)).length === 0) return null;
  const { command, halted, dropped } = await committed(context, 'fix claim', async (tx) => {
    const stopped: HaltRow[] = [];
    const voided: DroppedClicks[] = [];
    // Sent together, done in this order: what is due is read once the lock is held.
    const [system, solutions] = await Promise.all([
      lockSystem(tx, session.sysCode),
      dueSolutions(tx, session.sysCode, fixes),
      requireNewest(tx, session.clientId, session.connection ?? null),
    ]);
    if (!system?.enabled) return { command: null, halted: stopped, dropped: voided };
    const about = { sysCode: session.sysCode, limit, at: context.clock.now(), halted: stopped, voided };
    const batch = (await clickedBatch(tx, solutions, about)) ?? (await tickBatch(tx, solutions, about));
    const leased =
      batch === null ? null : await lease(tx, context, options, session, { ...batch, at: about.at });
    return { command: leased, halted: stopped, dropped: voided };
  });
  announceHalts(context, halted);
  for (const clicks of dropped) announceDropped(context, clicks);
  return command;
}

interface ClaimFor {
  readonly sysCode: string;
  readonly limit: number;
  readonly at: Date;
  /** Takes what came to stand still on the way. */
  readonly halted: HaltRow[];
  /** Takes clicks that ended on the way, because their approval no longer holds. */
  readonly voided: DroppedClicks[];
}

/** Clicks of every level come before ticks; within each, very important first. */
async function clickedBatch(
  tx: Tx,
  solutions: readonly DueSolution[],
  about: ClaimFor,
): Promise<Batch | null> {
  for (const solution of solutions) {
    if (!solution.clicked) continue;
    const found = await validCandidates(tx, solution, about);
    // A lease has one trigger: clicks and bulk requests that stand mixed go in turns.
    const items = fitting(found.filter(({ trigger }) => trigger === found[0]?.trigger));
    if (items.length > 0) return { solution, items };
  }
  return null;
}

/** Clicks that still count; the others that stand before them end here, with their reason. */
async function validCandidates(
  tx: Tx,
  solution: DueSolution,
  { sysCode, limit, at, voided }: ClaimFor,
): Promise<readonly Candidate[]> {
  for (;;) {
    const found = await clickedCandidates(tx, { sysCode, solution, limit, at });
    const ended = found.flatMap(({ id, isVoid }) => (isVoid ? id : []));
    if (ended.length === 0) return found;
    const told = { actor: 'policy:approvals', reason: DROP_CAUSES['approval-void'].en };
    const drop = { cause: 'approval-void', note: null, at, told };
    voided.push(await dropRunRequests(tx, { problemIds: ended }, drop));
  }
}

async function tickBatch(
  tx: Tx,
  solutions: readonly DueSolution[],
  { sysCode, limit, at, halted }: ClaimFor,
): Promise<Batch | null> {
  for (const solution of solutions) {
    const { fixCode } = solution;
    // What came to stand still on the way here is a system as a whole, or a solution that was passed already.
    if (solution.tickAt === null || halted.some((halt) => halt.fixCode === null)) continue;
    const found = await tickCandidates(tx, sysCode, solution, limit);
    const fit = fitting(found);
    const admitted = await admit(tx, { sysCode, fixCode }, fit, at);
    halted.push(...admitted.halted);
    const items = fit.slice(0, admitted.count);
    const done = found.length < limit && items.length === found.length;
    await moveTickCursor(tx, solution.id, items.at(-1)?.id ?? solution.tickCursor, done);
    if (items.length === 0) continue;
    await countUnattended(tx, { sysCode, fixCode, at, items });
    return { solution, items };
  }
  return null;
}

function fitting(candidates: readonly Candidate[]): readonly Candidate[] {
  let bytes = 0;
  const end = candidates.findIndex(({ businessKey }) => {
    // Once percent-encoded in the command key and once as it is.
    bytes += ITEM_BYTES + encodeURIComponent(businessKey).length + Buffer.byteLength(businessKey);
    return bytes > BATCH_BYTES_MAX;
  });
  return end === -1 ? candidates : candidates.slice(0, end);
}

async function lease(
  tx: Tx,
  { clock, nodeId }: Context,
  { leaseMs }: ExecutionOptions,
  session: Session,
  { solution, items, at }: Batch & { readonly at: Date },
): Promise<FixCommand> {
  const leasedAt = at;
  const id = clock.uuid();
  const signable = items.map((item) => asItem(session.sysCode, solution, item));
  await insertLease(tx, {
    id,
    sysCode: session.sysCode,
    fixCode: solution.fixCode,
    solutionId: solution.id,
    solutionVersion: solution.version,
    maxRetries: solution.maxRetries,
    clientId: session.clientId,
    nodeId,
    trigger: items[0]?.trigger ?? 'tick',
    epoch: 1,
    connection: session.connection ?? null,
    problemIds: items.map((item) => item.id),
    businessKeys: items.map((item) => item.businessKey),
    evidenceHashes: signable.map((item) => item.evidenceHash),
    leasedAt,
    expiresAt: new Date(leasedAt.getTime() + leaseMs),
  });
  return {
    leaseId: id,
    epoch: 1,
    leaseMs,
    items: signable,
  };
}

function asItem(
  sysCode: string,
  { fixCode }: DueSolution,
  item: Candidate,
): FixItem & { evidenceHash: string } {
  const { businessKey, reopenCount } = item;
  return {
    problemId: item.id,
    commandKey: commandKey({ sysCode, fixCode, businessKey, reopenCount }),
    fixCode,
    businessKey,
    scenario: item.scenario,
    amountMinor: item.amountMinor,
    currency: item.currency,
    attempt: item.attempts + 1,
    trigger: item.trigger,
    previousOutcome: item.lastOutcome,
    evidenceHash: evidenceHash(item.facts),
  };
}
