/**
 * Runs the collectors of one collect command one after another, those that share a walk together, and says honestly how it ended. Found problems
 * go out in batches bounded by number and by bytes; a collector waits when the batches do not get away.
 */
import {
  type ClientMessageBody,
  type CollectCommand,
  compiledSchema,
  type FeedReach,
  feedReachSchema,
  LIMITS,
  problemReportSchema,
} from '@piculus/protocol';
import type { Clock } from '../clock.ts';
import type { CollectEnd, Collector, FiledProblem, SharedContext } from '../fix.ts';
import type { Logger } from '../logger.ts';
import { maskUnchecked, type PersonalFields, type PersonalTable, personalTable } from '../masking/facts.ts';
import { NOTHING_PERSONAL, scrubText } from '../masking/mask.ts';
import { boundText, describeError, storable } from '../masking/text.ts';
import { mergeFeeds } from './feeds.ts';
import { turnsOf, walkOf } from './walks.ts';

export interface CollectRun {
  readonly command: CollectCommand;
  readonly collectors: ReadonlyMap<string, Collector>;
  readonly personal: PersonalFields;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /**
   * Resolves when there is room for another batch.
   * @param problems each as JSON, as it goes into the message.
   */
  send(problems: readonly string[]): Promise<void>;
  progressed(counts: CollectCounts): void;
}

export interface CollectCounts {
  readonly rowsScanned: number;
  readonly problemsFound: number;
}

/** Room for the envelope and the fields around the problems of a message. */
const ENVELOPE_BYTES = 1_024;

const checkedReport = compiledSchema(problemReportSchema);

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
  for (const collectors of turnsOf(run.command.fixCodes, run.collectors)) {
    run.signal.throwIfAborted();
    for (const [fixCode, end] of await new Turn(run, collectors, batches, totals).run()) {
      feeds.push(...end.feeds);
      if (!end.complete) reasons.push(`${fixCode}: ${end.reason ?? 'not complete'}`);
    }
  }
  for (const fixCode of run.command.fixCodes)
    if (!run.collectors.has(fixCode)) reasons.push(`${fixCode}: this client has no such collector`);
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
  #waiting: string[] = [];
  #bytes = 0;

  constructor(send: CollectRun['send']) {
    this.#send = send;
  }

  async add(problem: string): Promise<void> {
    const bytes = Buffer.byteLength(problem) + 1;
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

interface Unreportable {
  readonly first: string;
  readonly count: number;
}

/** The part of a collect that one collector does, or several that share a walk. */
class Turn {
  readonly #run: CollectRun;
  readonly #collectors: ReadonlyMap<string, Collector>;
  readonly #batches: Batches;
  readonly #totals: { rowsScanned: number; problemsFound: number };
  readonly #personal: ReadonlyMap<string, PersonalTable>;
  readonly #unreportable = new Map<string, Unreportable>();

  constructor(
    run: CollectRun,
    collectors: readonly Collector[],
    batches: Batches,
    totals: { rowsScanned: number; problemsFound: number },
  ) {
    this.#run = run;
    this.#collectors = new Map(collectors.map((collector) => [collector.fixCode, collector]));
    this.#batches = batches;
    this.#totals = totals;
    this.#personal = new Map(
      collectors.map(({ fixCode, personal = [] }) => [
        fixCode,
        personalTable([...run.personal, ...personal]),
      ]),
    );
  }

  async run(): Promise<ReadonlyMap<string, CollectEnd>> {
    const { command, signal, log } = this.#run;
    const fixCodes = [...this.#collectors.keys()];
    const context: SharedContext = {
      fixCodes,
      windowFrom: new Date(command.windowFrom),
      windowTo: new Date(command.windowTo),
      signal,
      report: (problems) => this.#report(problems),
      scanned: (rows) => {
        this.#totals.rowsScanned += rows;
        this.#run.progressed(this.#totals);
      },
    };
    try {
      const ends = await walkOf([...this.#collectors.values()]).collect(context);
      const checked = fixCodes.map((fixCode) => [fixCode, this.#endOf(fixCode, ends.get(fixCode))] as const);
      signal.throwIfAborted();
      return new Map(checked);
    } catch (error) {
      signal.throwIfAborted();
      const reason = scrub(describeError(error));
      log.error({ fixCodes, error: reason }, 'a collector failed; the others go on');
      return new Map(fixCodes.map((fixCode) => [fixCode, { feeds: [], complete: false, reason }]));
    }
  }

  #endOf(fixCode: string, told: CollectEnd | undefined): CollectEnd {
    if (told === undefined)
      return { feeds: [], complete: false, reason: 'the walk did not say how it ended' };
    const end = checkedEnd(told);
    const unreportable = this.#unreportable.get(fixCode);
    if (unreportable !== undefined) {
      const reason = `${unreportable.count} found problems could not be reported, the first: ${unreportable.first}`;
      return { feeds: end.feeds, complete: false, reason: [end.reason, reason].filter(Boolean).join('; ') };
    }
    return end.reason === undefined ? end : { ...end, reason: scrub(end.reason) };
  }

  async #report(problems: readonly FiledProblem[]): Promise<void> {
    for (const found of problems) {
      this.#run.signal.throwIfAborted();
      const problem = this.#asReport(found);
      if (problem === null) continue;
      this.#totals.problemsFound += 1;
      await this.#batches.add(problem);
    }
    this.#run.progressed(this.#totals);
  }

  /**
   * One record that cannot be told must not hide the others; it makes the collect incomplete instead.
   * @returns the report as JSON.
   */
  #asReport(found: FiledProblem): string | null {
    const [anyCode = ''] = this.#collectors.keys();
    const personal = this.#personal.get(found.fixCode);
    const fixCode = personal === undefined ? anyCode : found.fixCode;
    try {
      if (personal === undefined) throw new Error(`nobody asked for problems of ${found.fixCode}`);
      const { facts } = maskUnchecked(found.facts, personal);
      return JSON.stringify(checkedReport().parse({ ...found, facts }));
    } catch (error) {
      const reason = scrub(describeError(error), String(found.businessKey));
      const { first, count } = this.#unreportable.get(fixCode) ?? {
        first: `${boundText(String(found.businessKey), LIMITS.codeLength)}: ${reason}`,
        count: 0,
      };
      this.#unreportable.set(fixCode, { first, count: count + 1 });
      this.#run.log.error({ fixCode, error: reason }, 'a found problem does not have the shape of one');
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
