/** What a solution, as it is given, would make of the problems that are open now. */
import { PiculusError, type WaitReason } from '@piculus/protocol';
import type { SolutionImpact, SolutionInput } from '@piculus/protocol/http';
import type { Context } from '../base/services.ts';
import { type SolutionCore, waitReason } from '../problems/rules.ts';
import type { Executor } from '../store/database.ts';
import { clientConnected, openCounts, reopenedCounts, solutionPaused } from '../store/solution-impact.ts';
import { readSolutions } from '../store/solutions.ts';
import { nextTicks } from './quartz.ts';
import { versionView } from './rules.ts';

export async function impactOf(
  { db, clock }: Pick<Context, 'clock'> & { readonly db: Executor },
  input: SolutionInput,
): Promise<SolutionImpact> {
  const now = clock.now();
  const [open, reopened, connected, solutions, paused] = await Promise.all([
    openCounts(db, input),
    reopenedCounts(db, input),
    clientConnected(db, input, now),
    readSolutions(db, { sysCode: input.sysCode, scope: 'all' }),
    solutionPaused(db, input),
  ]);
  const stored = solutions.find((row) => row.fix_code === input.fixCode);
  const then = waits(input, { connected, paused });
  const pending = open.filter(({ state }) => state === 'pending');
  const amounts = new Map(pending.map((row) => [row.currency, BigInt(row.amountMinor)]));
  for (const row of reopened)
    amounts.set(row.currency, (amounts.get(row.currency) ?? 0n) - BigInt(row.amountMinor));
  const reopenedProblems = total(reopened);
  // The kept counts and the reopened ones are read one after the other; a change in between makes nothing negative.
  const ticking = input.executionMode === 'automatic' && (then === 'scheduled' || then === 'no-client');
  return {
    pending: Math.max(total(pending) - reopenedProblems, 0),
    amounts: [...amounts]
      .filter(([, amount]) => amount > 0n)
      .map(([currency, amount]) => ({ currency, amountMinor: amount.toString() })),
    reopened: reopenedProblems,
    withPerson: total(open) - total(pending),
    waitReasonNow: waits(stored === undefined ? null : versionView(stored), { connected, paused }),
    waitReasonThen: then,
    nextTickAt: ticking
      ? (nextTicks(input.retryCron, input.timeZone, now, 1)[0]?.toISOString() ?? null)
      : null,
  };
}

const total = (rows: readonly { problems: number }[]): number =>
  rows.reduce((sum, { problems }) => sum + problems, 0);

/** Why a pending problem that nobody clicked waits: the rule of the lists, asked once for all of them. */
function waits(
  solution: SolutionCore | null,
  { connected, paused }: { connected: boolean; paused: { ticks: boolean; clicks: boolean } },
): WaitReason {
  const reason = waitReason({
    state: 'pending',
    reopened: false,
    requested: false,
    solution,
    paused,
    asksPerson: false,
    clientConnected: connected,
  });
  if (reason === null) throw new PiculusError('internal', 'a pending problem waits for something');
  return reason;
}
