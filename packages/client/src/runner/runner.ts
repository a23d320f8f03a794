/**
 * Runs commands against the journal: the same command key runs once at a time in this process, a recorded
 * answer is given again without acting, and the same key with another payload is refused with an alarm.
 */
import {
  type Effect,
  type FixItem,
  type FixResult,
  isoTime,
  LIMITS,
  type PreviewResult,
} from '@piculus/protocol';
import type { Command } from '../fix.ts';
import type { JournalEntry } from '../journal/journal.ts';
import { type PersonalFields, personalTables } from '../masking/facts.ts';
import { NOTHING_PERSONAL, scrubText } from '../masking/mask.ts';
import { boundText, describeError, storable } from '../masking/text.ts';
import type { AnyFix } from './any-fix.ts';
import { Execution, type ExecutionDependencies } from './execution.ts';
import { payloadHash } from './payload.ts';
import { previewFix } from './preview.ts';
import { asResult, bounded, identity, journalAway, payloadChanged } from './results.ts';

export interface RunnerOptions<Tx> extends Omit<ExecutionDependencies<Tx>, 'personalOf'> {
  /** Personal whatever the fix. */
  readonly personal: PersonalFields;
}

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

export function createRunner<Tx>(options: RunnerOptions<Tx>): Runner<Tx> {
  const personalOf = personalTables(options.personal);
  const { journal, clock, log, roundsMax } = options;
  const deps: ExecutionDependencies<Tx> = { journal, clock, log, roundsMax, personalOf };
  const running = new Map<string, Running>();

  async function run(fix: AnyFix<Tx>, item: FixItem, signal: AbortSignal): Promise<FixResult | null> {
    const hash = payloadHash(item);
    for (;;) {
      const other = running.get(item.commandKey);
      if (!other) break;
      if (other.hash !== hash) return payloadChanged(deps, item, isoTime(deps.clock.now()), []);
      const shared = await other.result;
      if (shared) return { ...shared, ...identity(item) };
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
    preview: (fix, previewId, command, signal) =>
      previewFix(personalOf(fix), fix, previewId, command, signal),
  };
}

async function runOnce<Tx>(
  deps: ExecutionDependencies<Tx>,
  fix: AnyFix<Tx>,
  item: FixItem,
  hash: string,
  signal: AbortSignal,
): Promise<FixResult | null> {
  const startedAt = isoTime(deps.clock.now());
  let entry: JournalEntry;
  try {
    entry = await deps.journal.open(item.commandKey, hash);
  } catch (error) {
    return journalAway(deps, item, startedAt, error);
  }
  if (entry.payloadHash !== hash) return payloadChanged(deps, item, startedAt, entry.effects);
  if (entry.answer) {
    return { ...entry.answer, ...identity(item), effects: bounded(entry.effects), replayed: true };
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

/**
 * Only `fixed` is stored. Every other outcome may be run again under the same key, by a tick or by a person,
 * and must then look at the facts of that time.
 */
async function rememberAnswer<Tx>(deps: ExecutionDependencies<Tx>, result: FixResult): Promise<void> {
  try {
    await deps.journal.answer(result.commandKey, result);
  } catch (error) {
    // The effects are in the journal, so a repeat finds the record right and says `fixed` again.
    const text = boundText(
      scrubText(storable(describeError(error)), NOTHING_PERSONAL, []),
      LIMITS.reasonLength,
    );
    deps.log.warn({ commandKey: result.commandKey, error: text }, 'the answer could not be stored');
  }
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
