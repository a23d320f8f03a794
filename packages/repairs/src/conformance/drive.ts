/** Runs a fix the way the SDK does, small enough to be crashed anywhere. */
import type { Command } from '@piculus/client';
import { commandKey, type Effect, type ReportedOutcome, type SeedFixCode } from '@piculus/protocol';
import type { RepairPolicy } from '../ports.ts';
import { paymentRepairs } from '../repairs.ts';
import type { RepairFix } from '../shared/fix.ts';
import { Crash } from './intercept.ts';
import type { Arranged, ConformanceWorld } from './world.ts';

export interface Ending {
  readonly outcome: ReportedOutcome;
  readonly reason: string;
  readonly effects: readonly Effect[];
}

const ROUNDS_MAX = 12;

export function commandFor(fixCode: SeedFixCode, order: Arranged): Command {
  const identity = { sysCode: 'CONF', fixCode, businessKey: order.orderNo, reopenCount: 0 };
  return {
    commandKey: commandKey(identity),
    fixCode,
    businessKey: order.orderNo,
    scenario: 'C1',
    amountMinor: order.amountMinor.toString(),
    currency: order.currency,
    attempt: 1,
    trigger: 'tick',
    previousOutcome: null,
  };
}

export function fixFor<Tx>(
  world: Pick<ConformanceWorld<Tx>, 'system'>,
  fixCode: SeedFixCode,
  policy: RepairPolicy,
): RepairFix<Tx> {
  const pair = paymentRepairs(world.system, policy).find(({ fix }) => fix.fixCode === fixCode);
  if (!pair) throw new Error(`there is no fix ${fixCode}`);
  return pair.fix;
}

/** @throws Crash where one was arranged; the fence then stays, as after the death of a process. */
export async function drive<Tx>(
  world: Pick<ConformanceWorld<Tx>, 'system' | 'journal'>,
  fixCode: SeedFixCode,
  order: Arranged,
  policy: RepairPolicy,
): Promise<Ending> {
  const fix = fixFor(world, fixCode, policy);
  const command = commandFor(fixCode, order);
  const { journal } = world;
  await journal.open(command.commandKey, `hash of ${command.commandKey}`);
  const ending = async (outcome: ReportedOutcome, reason: string): Promise<Ending> => {
    const effects = await journal.effects(command.commandKey);
    const ours = outcome === 'already-right' && effects.length > 0;
    return { outcome: ours ? 'fixed' : outcome, reason, effects };
  };
  const held = await fix.fence?.(command);
  if (held && !held.held) return ending(held.outcome, held.reason);
  let crashed = false;
  try {
    const { outcome, reason } = await rounds(fix, command, world);
    return await ending(outcome, reason);
  } catch (error) {
    crashed = error instanceof Crash;
    throw error;
  } finally {
    if (held?.held && !crashed) await held.release();
  }
}

async function rounds<Tx>(
  fix: RepairFix<Tx>,
  command: Command,
  { journal }: Pick<ConformanceWorld<Tx>, 'journal'>,
): Promise<{ readonly outcome: ReportedOutcome; readonly reason: string }> {
  const { signal } = new AbortController();
  const record = (tx: Tx, effect: Effect): Promise<void> => journal.record(tx, command.commandKey, effect);
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const evidence = await fix.examine(command, signal);
    const plan = fix.plan(command, evidence);
    if (plan.verdict !== 'act') return { outcome: plan.verdict, reason: plan.reason };
    const applied = await fix.apply(plan.steps[0], evidence, { command, signal, record });
    if (applied.result === 'stop') return applied;
  }
  return { outcome: 'failed', reason: `still acting after ${ROUNDS_MAX} rounds` };
}
