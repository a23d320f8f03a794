/**
 * The collect that this client works on: one at a time, its batches numbered, at most four of them
 * unacknowledged, and given up when the server gave it to somebody else.
 */
import {
  type ClientMessageBody,
  type ClientMessageType,
  type CollectCommand,
  LIMITS,
  PiculusError,
} from '@piculus/protocol';
import { collectPlace } from '@piculus/protocol/tracing';
import type { Clock } from '../clock.ts';
import type { Collector } from '../fix.ts';
import { type Body, WrittenBody } from '../connection/messages.ts';
import type { Logger } from '../logger.ts';
import type { PersonalFields } from '../masking/facts.ts';
import { boundText, describeError } from '../masking/text.ts';
import { GiveUp, type GiveUpCause } from '../runner/give-up.ts';
import { sharedController } from '../signals.ts';
import type { SpanStart, Tracing } from '../tracing/tracing.ts';
import { type CollectCounts, runCollectors } from './run-collectors.ts';

export interface CollectsOptions {
  readonly collectors: ReadonlyMap<string, Collector>;
  readonly personal: PersonalFields;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tracing: Tracing;
  deliver<T extends ClientMessageType>(type: T, body: Body<T>, signal: AbortSignal): Promise<void>;
  tell(body: ClientMessageBody<'collect-progress'>): void;
  finished(command: CollectCommand, done: ClientMessageBody<'collect-done'> | null): void;
}

const PROGRESS_MS = 1_000;

/** A collector that neither scanned nor reported for so long hangs; its command must not be kept alive. */
const SILENCE_MS = 15 * 60_000;

interface Current {
  /** When its collector last scanned or reported, by `elapsedMs`. */
  lastSignAt: number;
  readonly command: CollectCommand;
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

export class Collects {
  readonly #options: CollectsOptions;
  #current: Current | null = null;
  #stopping = false;

  constructor(options: CollectsOptions) {
    this.#options = options;
  }

  /** Commands to be renewed by the heartbeat. */
  commands(): string[] {
    const current = this.#current;
    if (!current) return [];
    const { command, lastSignAt } = current;
    if (this.#options.clock.elapsedMs() - lastSignAt <= SILENCE_MS) return [command.commandId];
    this.#options.log.error(
      { commandId: command.commandId },
      'a collector shows no sign of life; its collect is given up',
    );
    this.#giveUp('too-slow');
    return [];
  }

  /**
   * Takes a collect; a repeat of the one that runs changes nothing.
   * @throws PiculusError `stopping`, `busy`, `unknown-fix`.
   */
  accept(command: CollectCommand): void {
    if (this.#stopping) throw new PiculusError('stopping');
    if (this.#current) {
      const { commandId, epoch } = this.#current.command;
      if (commandId === command.commandId && epoch === command.epoch) return;
      // The server gave the same command out anew: what runs now would come too late.
      if (commandId === command.commandId && epoch < command.epoch) this.#giveUp('lease-lost');
      throw new PiculusError('busy', 'a collect is running');
    }
    const { collectors } = this.#options;
    if (!command.fixCodes.some((fixCode) => collectors.has(fixCode))) throw new PiculusError('unknown-fix');
    const controller = sharedController();
    const ended = this.#run(command, controller);
    this.#current = { command, controller, ended, lastSignAt: this.#options.clock.elapsedMs() };
  }

  cancel(commandId: string): void {
    if (this.#current?.command.commandId === commandId) this.#giveUp('cancelled');
  }

  /** Gives up what runs; another client takes it over. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping = true;
    this.#giveUp('stopping');
    const { ended } = this.#current ?? {};
    if (!ended || deadline.aborted) return;
    await Promise.race([
      ended,
      new Promise<void>((resolve) => deadline.addEventListener('abort', () => resolve(), { once: true })),
    ]);
  }

  #giveUp(why: GiveUpCause): void {
    this.#current?.controller.abort(new GiveUp(why));
  }

  async #run(command: CollectCommand, controller: AbortController): Promise<void> {
    const { clock, log, collectors, personal, tracing } = this.#options;
    const { commandId, epoch } = command;
    const { signal } = controller;
    const reports = new Reports(this.#options, command, controller);
    let progressAt = clock.elapsedMs();
    const progressed = (counts: CollectCounts): void => {
      const now = clock.elapsedMs();
      if (this.#current) this.#current.lastSignAt = now;
      if (now - progressAt < PROGRESS_MS) return;
      progressAt = now;
      this.#options.tell({ commandId, epoch, ...counts });
    };
    let done: ClientMessageBody<'collect-done'> | null = null;
    try {
      // The answer to the command goes first, and a collector that works without waiting must not hold it up.
      await Promise.resolve();
      const ran = await tracing.span(spanOf(command), () =>
        runCollectors({
          command,
          collectors,
          personal,
          clock,
          log,
          signal,
          progressed,
          send: (batch) => reports.send(batch),
        }),
      );
      await reports.settled();
      signal.throwIfAborted();
      done =
        reports.refusal === null
          ? ran
          : { ...ran, complete: false, reason: boundText(reports.refusal, LIMITS.textLength) };
      await this.#options.deliver('collect-done', done, signal);
    } catch (error) {
      const code = error instanceof PiculusError ? error.code : undefined;
      log.warn({ commandId, epoch, code, error: describeError(error) }, 'a collect was given up');
      done = null;
    }
    this.#current = null;
    this.#options.finished(command, done);
  }
}

/** The numbered `problems` messages of one collect. */
class Reports {
  readonly #options: CollectsOptions;
  readonly #command: CollectCommand;
  readonly #controller: AbortController;
  readonly #inFlight = new Set<Promise<void>>();
  #sequence = 0;
  /** Why the server refused a batch for good, where it did. */
  refusal: string | null = null;

  constructor(options: CollectsOptions, command: CollectCommand, controller: AbortController) {
    this.#options = options;
    this.#command = command;
    this.#controller = controller;
  }

  /**
   * Resolves when another batch may be sent.
   * @param problems each as JSON.
   */
  async send(problems: readonly string[]): Promise<void> {
    const { signal } = this.#controller;
    signal.throwIfAborted();
    this.#sequence += 1;
    const { commandId, epoch } = this.#command;
    const head = JSON.stringify({ commandId, epoch, sequence: this.#sequence });
    const body = new WrittenBody('problems', `${head.slice(0, -1)},"problems":[${problems.join(',')}]}`);
    const sent = this.#options
      .deliver('problems', body, signal)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#inFlight.delete(sent);
      });
    this.#inFlight.add(sent);
    while (this.#inFlight.size >= LIMITS.unacknowledgedReports) await Promise.race(this.#inFlight);
    signal.throwIfAborted();
  }

  async settled(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  #failed(error: unknown): void {
    if (this.#controller.signal.aborted) return;
    const code = error instanceof PiculusError ? error.code : 'internal';
    if (!(error instanceof PiculusError) || code === 'stale-lease' || code === 'unknown-command') {
      this.#controller.abort(new GiveUp(code === 'internal' ? 'stopping' : 'lease-lost'));
      return;
    }
    this.#options.log.error({ commandId: this.#command.commandId, code }, 'the server refused a report');
    this.refusal ??= `the server refused a batch of problems: ${error.message} (${code})`;
  }
}

function spanOf(command: CollectCommand): SpanStart {
  const attributes = { 'piculus.command': command.commandId, 'piculus.epoch': command.epoch };
  return { name: 'collect', parent: collectPlace(command), attributes };
}
