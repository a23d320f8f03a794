/** The results of commands, as they go to the server. */
import { type Effect, type FixItem, type FixResult, isoTime, LIMITS } from '@piculus/protocol';
import { NOTHING_PERSONAL, scrubText } from '../masking/mask.ts';
import { boundText, describeError, storable } from '../masking/text.ts';
import type { Ending, ExecutionDependencies } from './execution.ts';

/** An execution that found everything right is `fixed` where this very command committed an effect, now or before. */
export function asResult<Tx>(
  deps: ExecutionDependencies<Tx>,
  item: FixItem,
  startedAt: string,
  ending: Ending,
  effects: readonly Effect[],
): FixResult {
  const right = ending.outcome === 'already-right';
  return answerTo(item, {
    problemId: item.problemId,
    commandKey: item.commandKey,
    outcome: right && effects.length > 0 ? 'fixed' : ending.outcome,
    scenario: ending.scenario,
    reason: ending.reason,
    effects: bounded(effects),
    replayed: false,
    verified: right,
    facts: ending.seen.facts,
    startedAt,
    finishedAt: isoTime(deps.clock.now()),
  });
}

export function payloadChanged<Tx>(
  deps: ExecutionDependencies<Tx>,
  item: FixItem,
  startedAt: string,
  effects: readonly Effect[],
): FixResult {
  deps.log.error({ commandKey: item.commandKey }, 'the same command key came with another payload');
  return {
    ...withoutActing(
      deps,
      item,
      startedAt,
      'refused',
      'the same command key came with another payload before',
    ),
    alarm: 'payload-changed',
    effects: bounded(effects),
  };
}

export function journalAway<Tx>(
  deps: ExecutionDependencies<Tx>,
  item: FixItem,
  startedAt: string,
  error: unknown,
): FixResult {
  const text = scrubText(storable(describeError(error)), NOTHING_PERSONAL, [item.businessKey]);
  return withoutActing(deps, item, startedAt, 'failed', boundText(`journal: ${text}`, LIMITS.reasonLength));
}

/** A result for a command of which nothing was examined. */
export function withoutActing(
  deps: Pick<ExecutionDependencies<unknown>, 'clock'>,
  item: FixItem,
  startedAt: string,
  outcome: 'failed' | 'refused' | 'not-yet',
  reason: string,
): FixResult {
  return answerTo(item, {
    problemId: item.problemId,
    commandKey: item.commandKey,
    outcome,
    scenario: null,
    reason,
    effects: [],
    replayed: false,
    verified: false,
    facts: null,
    startedAt,
    finishedAt: isoTime(deps.clock.now()),
  });
}

/** Says for which evidence it is an answer. Objects that are spread into others cost ten times as much as this. */
function answerTo({ evidenceHash }: FixItem, result: FixResult): FixResult {
  if (evidenceHash !== undefined) result.evidenceHash = evidenceHash;
  return result;
}

/** To which command, and for which evidence, it is an answer. */
export function identity({
  problemId,
  commandKey,
  evidenceHash,
}: FixItem): Pick<FixResult, 'problemId' | 'commandKey' | 'evidenceHash'> {
  return { problemId, commandKey, ...(evidenceHash === undefined ? {} : { evidenceHash }) };
}

export function bounded(effects: readonly Effect[]): Effect[] {
  return effects.slice(0, LIMITS.effectsPerResult);
}
