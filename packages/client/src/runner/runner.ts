/**
 * Runs commands against the journal: the same command key runs once at a time in this process, a recorded
 * answer is given again without acting, and the same key with another payload is refused with an alarm.
 */
import {
  type ClientMessageBody,
  type Effect,
  type FixItem,
  type FixResult,
  LIMITS,
  type PlanStep,
  type PreviewResult,
} from '@piculus/protocol';
import type { Command, Fix } from '../fix.ts';
import type { JournalEntry } from '../journal/journal.ts';
import { maskFacts, NO_FACTS } from '../masking/facts.ts';
import { NOTHING_PERSONAL, scrubText } from '../masking/mask.ts';
import { boundText, describeError, storable } from '../masking/text.ts';
import { type Ending, Execution, type ExecutionDependencies } from './execution.ts';
import { payloadHash } from './payload.ts';

/** A fix of whatever evidence and steps; the runner hands a fix only what it made itself. */
export type AnyFix<Tx> = Fix<unknown, PlanStep, Tx>;

export interface Runner<Tx> {
  /**
   * Runs one command to its end.
   * @returns null where it was given up and has nothing to say; its lease then expires.
   */
  run(fix: AnyFix<Tx>, item: FixItem, signal: AbortSignal): Promise<FixResult | null>;
  /** What the fix would do now. Writes nothing: no fence, no journal. */
  preview(fix: AnyFix<Tx>, previewId: string, command: Command, signal: AbortSignal): Promise<PreviewResult>;
}

interface Running {
  readonly hash: string;
  readonly result: Promise<FixResult | null>;
}

export function createRunner<Tx>(deps: ExecutionDependencies<Tx>): Runner<Tx> {
  const running = new Map<string, Running>();

  async function run(fix: AnyFix<Tx>, item: FixItem, signal: AbortSignal): Promise<FixResult | null> {
    const hash = payloadHash(item);
    for (;;) {
      const other = running.get(item.commandKey);
      if (!other) break;
      if (other.hash !== hash) return payloadChanged(deps, item, deps.clock.now(), []);
      const shared = await other.result;
      if (shared) return { ...shared, problemId: item.problemId };
      // The one before was given up; this one was not, so it goes on by itself.
      if (signal.aborted) return null;
    }
    const result = runOnce(deps, fix, item, hash, signal);
    running.set(item.commandKey, { hash, result });
    try {
      return await result;
    } finally {
      running.delete(item.commandKey);
    }
  }

  return {
    run,
    preview: (fix, previewId, command, signal) => preview(deps, fix, previewId, command, signal),
  };
}

async function runOnce<Tx>(
  deps: ExecutionDependencies<Tx>,
  fix: AnyFix<Tx>,
  item: FixItem,
  hash: string,
  signal: AbortSignal,
): Promise<FixResult | null> {
  const startedAt = deps.clock.now();
  let entry: JournalEntry;
  try {
    entry = await deps.journal.open(item.commandKey, hash);
  } catch (error) {
    return journalAway(deps, item, startedAt, error);
  }
  if (entry.payloadHash !== hash) return payloadChanged(deps, item, startedAt, entry.effects);
  if (entry.answer) {
    return { ...entry.answer, problemId: item.problemId, effects: bounded(entry.effects), replayed: true };
  }
  const ending = await new Execution(deps, fix, asCommand(item), signal).run();
  if (!ending) return null;
  let effects: readonly Effect[];
  try {
    effects = await deps.journal.effects(item.commandKey);
  } catch (error) {
    return journalAway(deps, item, startedAt, error);
  }
  const result = asResult(deps, item, startedAt, ending, effects);
  if (result.outcome === 'fixed') await rememberAnswer(deps, result);
  return result;
}

/** An execution that found everything right is `fixed` where this very command committed an effect, now or before. */
function asResult<Tx>(
  deps: ExecutionDependencies<Tx>,
  item: FixItem,
  startedAt: Date,
  ending: Ending,
  effects: readonly Effect[],
): FixResult {
  const right = ending.outcome === 'already-right';
  return {
    ...identity(item),
    outcome: right && effects.length > 0 ? 'fixed' : ending.outcome,
    scenario: ending.scenario,
    reason: ending.reason,
    effects: bounded(effects),
    replayed: false,
    verified: right,
    facts: ending.seen.facts,
    startedAt: startedAt.toISOString(),
    finishedAt: deps.clock.now().toISOString(),
  };
}

/**
 * Only `fixed` is stored. Every other outcome may be run again under the same key, by a tick or by a person,
 * and must then look at the facts of that time.
 */
async function rememberAnswer<Tx>(deps: ExecutionDependencies<Tx>, result: FixResult): Promise<void> {
  try {
    await deps.journal.answer(result.commandKey, result);
  } catch (error) {
    // The effects are in the journal, so a repeat finds the record right and says `fixed` again.
    const text = boundText(scrubText(describeError(error), NOTHING_PERSONAL, []), LIMITS.reasonLength);
    deps.log.warn({ commandKey: result.commandKey, error: text }, 'the answer could not be stored');
  }
}

function payloadChanged<Tx>(
  deps: ExecutionDependencies<Tx>,
  item: FixItem,
  startedAt: Date,
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

function journalAway<Tx>(
  deps: ExecutionDependencies<Tx>,
  item: FixItem,
  startedAt: Date,
  error: unknown,
): FixResult {
  const text = scrubText(storable(describeError(error)), NOTHING_PERSONAL, [item.businessKey]);
  return withoutActing(deps, item, startedAt, 'failed', boundText(`journal: ${text}`, LIMITS.reasonLength));
}

/** A result for a command of which nothing was examined. */
export function withoutActing(
  deps: Pick<ExecutionDependencies<unknown>, 'clock'>,
  item: FixItem,
  startedAt: Date,
  outcome: 'failed' | 'refused' | 'not-yet',
  reason: string,
): FixResult {
  return {
    ...identity(item),
    outcome,
    scenario: null,
    reason,
    effects: [],
    replayed: false,
    verified: false,
    facts: null,
    startedAt: startedAt.toISOString(),
    finishedAt: deps.clock.now().toISOString(),
  };
}

async function preview<Tx>(
  deps: ExecutionDependencies<Tx>,
  fix: AnyFix<Tx>,
  previewId: string,
  command: Command,
  signal: AbortSignal,
): Promise<ClientMessageBody<'preview-result'>> {
  const about = { previewId, fixCode: command.fixCode, businessKey: command.businessKey };
  let seen: ReturnType<typeof maskFacts> | typeof NO_FACTS = NO_FACTS;
  const scrub = (text: string): string =>
    boundText(
      scrubText(storable(text), seen.personal, [command.businessKey, command.amountMinor, ...seen.harmless]),
      LIMITS.reasonLength,
    );
  try {
    const evidence = await fix.examine(command, signal);
    seen = maskFacts(fix.facts(evidence), [...deps.personal, ...(fix.personal ?? [])]);
    const plan = fix.plan(command, evidence);
    const steps: readonly PlanStep[] = plan.verdict === 'act' ? plan.steps : [];
    return {
      ...about,
      verdict: plan.verdict,
      scenario: plan.scenario,
      reason: scrub(plan.reason),
      steps: steps.slice(0, LIMITS.effectsPerResult).map((step) => asWireStep(step, scrub)),
      facts: seen.facts,
    };
  } catch (error) {
    const reason = scrub(describeError(error));
    return { ...about, verdict: 'failed', scenario: null, reason, steps: [], facts: seen.facts };
  }
}

/** A fix's own step may carry more than the wire allows, for instance what `apply` needs. */
function asWireStep(step: PlanStep, scrub: (text: string) => string): PlanStep {
  const { kind, key, amountMinor, currency, text } = step;
  return { kind, key, amountMinor, currency, text: { en: scrub(text.en), zh: scrub(text.zh) } };
}

function asCommand(item: FixItem): Command {
  const {
    commandKey,
    fixCode,
    businessKey,
    scenario,
    amountMinor,
    currency,
    attempt,
    trigger,
    previousOutcome,
  } = item;
  return {
    commandKey,
    fixCode,
    businessKey,
    scenario,
    amountMinor,
    currency,
    attempt,
    trigger,
    previousOutcome,
  };
}

function identity(item: FixItem): Pick<FixResult, 'problemId' | 'commandKey'> {
  return { problemId: item.problemId, commandKey: item.commandKey };
}

function bounded(effects: readonly Effect[]): Effect[] {
  return effects.slice(0, LIMITS.effectsPerResult);
}
