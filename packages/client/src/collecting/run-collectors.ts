/**
 * Runs the collectors of one collect command one after another and says honestly how it ended. Found problems
 * go out in batches bounded by number and by bytes; a collector waits when the batches do not get away.
 */
import {
  type ClientMessageBody,
  type CollectCommand,
  type FeedReach,
  feedReachSchema,
  LIMITS,
  type ProblemReport,
  problemReportSchema,
} from '@piculus/protocol';
import type { Clock } from '../clock.ts';
import type { CollectContext, CollectEnd, Collector, FoundProblem } from '../fix.ts';
import type { Logger } from '../logger.ts';
import { maskUnchecked, type PersonalFields } from '../masking/facts.ts';
import { NOTHING_PERSONAL, scrubText } from '../masking/mask.ts';
import { boundText, describeError, storable } from '../masking/text.ts';
import { mergeFeeds } from './feeds.ts';

export interface CollectRun {
  readonly command: CollectCommand;
  readonly collectors: ReadonlyMap<string, Collector>;
  readonly personal: PersonalFields;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Resolves when there is room for another batch. */
  send(batch: readonly ProblemReport[]): Promise<void>;
  progressed(counts: CollectCounts): void;
}

export interface CollectCounts {
  readonly rowsScanned: number;
  readonly problemsFound: number;
}

/** Room for the envelope and the fields around the problems of a message. */
const ENVELOPE_BYTES = 1_024;

/**
 * @returns the body of `collect-done`.
 * @throws the signal's reason where the collect was given up; then nothing more must be said about it.
 */
export async function runCollectors(run: CollectRun): Promise<ClientMessageBody<'collect-done'>> {
  const startedAt = run.clock.elapsedMs();
  const totals = { rowsScanned: 0, problemsFound: 0 };
  const batches = new Batches(run.send);
  const reasons: string[] = [];
  const feeds: FeedReach[] = [];
  for (const fixCode of run.command.fixCodes) {
    run.signal.throwIfAborted();
    const collector = run.collectors.get(fixCode);
    if (!collector) {
      reasons.push(`${fixCode}: this client has no such collector`);
      continue;
    }
    const turn = new CollectorTurn(run, collector, batches, totals);
    const end = await turn.run();
    feeds.push(...end.feeds);
    if (!end.complete) reasons.push(`${fixCode}: ${end.reason ?? 'not complete'}`);
  }
  await batches.flush();
  run.signal.throwIfAborted();
  const { commandId, epoch } = run.command;
  return {
    commandId,
    epoch,
    complete: reasons.length === 0,
    ...(reasons.length > 0 ? { reason: boundText(reasons.join('; '), LIMITS.textLength) } : {}),
    ...totals,
    durationMs: Math.round(run.clock.elapsedMs() - startedAt),
    feeds: mergeFeeds(feeds),
  };
}

class Batches {
  readonly #send: CollectRun['send'];
  #waiting: ProblemReport[] = [];
  #bytes = 0;

  constructor(send: CollectRun['send']) {
    this.#send = send;
  }

  async add(problem: ProblemReport): Promise<void> {
    const bytes = Buffer.byteLength(JSON.stringify(problem)) + 1;
    if (this.#bytes + bytes > LIMITS.messageBytes - ENVELOPE_BYTES) await this.flush();
    this.#waiting.push(problem);
    this.#bytes += bytes;
    if (this.#waiting.length >= LIMITS.problemsPerMessage) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    await this.#send(batch);
  }
}

/** One collector's part of a collect. */
class CollectorTurn {
  readonly #run: CollectRun;
  readonly #collector: Collector;
  readonly #batches: Batches;
  readonly #totals: { rowsScanned: number; problemsFound: number };
  readonly #personal: PersonalFields;
  #unreportable = 0;
  #firstUnreportable = '';

  constructor(
    run: CollectRun,
    collector: Collector,
    batches: Batches,
    totals: { rowsScanned: number; problemsFound: number },
  ) {
    this.#run = run;
    this.#collector = collector;
    this.#batches = batches;
    this.#totals = totals;
    this.#personal = [...run.personal, ...(collector.personal ?? [])];
  }

  async run(): Promise<CollectEnd> {
    const { command, signal, log } = this.#run;
    const { fixCode } = this.#collector;
    const context: CollectContext = {
      windowFrom: new Date(command.windowFrom),
      windowTo: new Date(command.windowTo),
      signal,
      report: (problems) => this.#report(problems),
      scanned: (rows) => {
        this.#totals.rowsScanned += rows;
        this.#run.progressed(this.#totals);
      },
    };
    let end: CollectEnd;
    try {
      end = checkedEnd(await this.#collector.collect(context));
      signal.throwIfAborted();
    } catch (error) {
      signal.throwIfAborted();
      const reason = scrub(describeError(error));
      log.error({ fixCode, error: reason }, 'a collector failed; the others go on');
      return { feeds: [], complete: false, reason };
    }
    if (this.#unreportable > 0) {
      const reason = `${this.#unreportable} found problems could not be reported, the first: ${this.#firstUnreportable}`;
      return { feeds: end.feeds, complete: false, reason: [end.reason, reason].filter(Boolean).join('; ') };
    }
    return end.reason === undefined ? end : { ...end, reason: scrub(end.reason) };
  }

  async #report(problems: readonly FoundProblem[]): Promise<void> {
    for (const found of problems) {
      this.#run.signal.throwIfAborted();
      const problem = this.#asReport(found);
      if (!problem) continue;
      this.#totals.problemsFound += 1;
      await this.#batches.add(problem);
    }
    this.#run.progressed(this.#totals);
  }

  /** One record that cannot be told must not hide the others; it makes the collect incomplete instead. */
  #asReport(found: FoundProblem): ProblemReport | null {
    try {
      const { facts } = maskUnchecked(found.facts, this.#personal);
      return problemReportSchema.parse({ ...found, facts, fixCode: this.#collector.fixCode });
    } catch (error) {
      this.#unreportable += 1;
      const reason = scrub(describeError(error), String(found.businessKey));
      if (this.#unreportable === 1)
        this.#firstUnreportable = `${boundText(String(found.businessKey), LIMITS.codeLength)}: ${reason}`;
      this.#run.log.error(
        { fixCode: this.#collector.fixCode, error: reason },
        'a found problem does not have the shape of one',
      );
      return null;
    }
  }
}

function checkedEnd(end: CollectEnd): CollectEnd {
  return { ...end, feeds: feedReachSchema.array().parse(end.feeds) };
}

function scrub(text: string, ...harmless: string[]): string {
  return boundText(scrubText(storable(text), NOTHING_PERSONAL, harmless), LIMITS.reasonLength);
}
