/** Runs one fix or one collector of one's own, as a client would, without a server. */
import {
  type CollectCommand,
  type FixItem,
  type FixResult,
  fixResultSchema,
  type PreviewResult,
  type ProblemReport,
  problemReportSchema,
} from '@piculus/protocol';
import { type Clock, systemClock } from '../clock.ts';
import { runCollectors } from '../collecting/run-collectors.ts';
import type { Collector, Command } from '../fix.ts';
import type { Journal } from '../journal/journal.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { PersonalFields } from '../masking/facts.ts';
import type { AnyFix } from '../runner/any-fix.ts';
import { createRunner, type Runner } from '../runner/runner.ts';
import { memoryJournal } from './memory-journal.ts';

export interface RunFixOptions<Tx> {
  /** Default: a new one in memory, which then knows nothing of earlier runs. */
  readonly journal?: Journal<Tx>;
  readonly personal?: PersonalFields;
  readonly roundsMax?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly signal?: AbortSignal;
}

/** A command for tests; say what matters and the rest is filled in. */
export type TestCommand = Pick<FixItem, 'fixCode' | 'businessKey' | 'scenario'> & Partial<FixItem>;

/** Fills in what a test did not say: problem 1, 1.00 CNY, first attempt of a tick, a key made of the names. */
export function testCommand(command: TestCommand): FixItem {
  return {
    problemId: '1',
    commandKey: `cmd/TEST/${command.fixCode}/${encodeURIComponent(command.businessKey)}/0`,
    amountMinor: '100',
    currency: 'CNY',
    attempt: 1,
    trigger: 'tick',
    previousOutcome: null,
    ...command,
  };
}

function runnerOf<Tx>(options: RunFixOptions<Tx>): Runner<Tx> {
  return createRunner<Tx>({
    journal: options.journal ?? memoryJournal<Tx>(),
    clock: options.clock ?? systemClock,
    log: options.logger ?? silentLogger,
    personal: options.personal ?? [],
    roundsMax: options.roundsMax ?? 12,
  });
}

/**
 * Runs a fix to its end, with the result checked against the protocol.
 * @returns null where the signal made it give up.
 */
export async function runFix<Tx>(
  fix: AnyFix<Tx>,
  command: TestCommand,
  options: RunFixOptions<Tx> = {},
): Promise<FixResult | null> {
  const signal = options.signal ?? new AbortController().signal;
  const result = await runnerOf(options).run(fix, testCommand(command), signal);
  return result && fixResultSchema.parse(result);
}

/** What the fix would do; it writes nothing. */
export function previewFix<Tx>(
  fix: AnyFix<Tx>,
  command: TestCommand,
  options: RunFixOptions<Tx> = {},
): Promise<PreviewResult> {
  const signal = options.signal ?? new AbortController().signal;
  const asked: Command = testCommand(command);
  return runnerOf(options).preview(fix, 'preview', asked, signal);
}

export interface CollectorRun {
  readonly problems: readonly ProblemReport[];
  readonly done: Awaited<ReturnType<typeof runCollectors>>;
}

/** Runs a collector over a window and keeps what it reported, masked as it would be sent. */
export async function runCollector(
  collector: Collector,
  window: { readonly from: Date; readonly to: Date },
  options: {
    readonly personal?: PersonalFields;
    readonly clock?: Clock;
    readonly logger?: Logger;
    readonly signal?: AbortSignal;
  } = {},
): Promise<CollectorRun> {
  const problems: ProblemReport[] = [];
  const command: CollectCommand = {
    commandId: 'test',
    collectionId: 'test',
    epoch: 1,
    fixCodes: [collector.fixCode],
    windowFrom: window.from.toISOString(),
    windowTo: window.to.toISOString(),
  };
  const done = await runCollectors({
    command,
    collectors: new Map([[collector.fixCode, collector]]),
    personal: options.personal ?? [],
    clock: options.clock ?? systemClock,
    log: options.logger ?? silentLogger,
    signal: options.signal ?? new AbortController().signal,
    send: async (batch) => {
      for (const json of batch) problems.push(problemReportSchema.parse(JSON.parse(json)));
    },
    progressed: () => {},
  });
  return { problems, done };
}
