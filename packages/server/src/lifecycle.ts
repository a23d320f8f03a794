/**
 * Opens parts in order and closes them in reverse. A stop may come at any moment, also while a part is being
 * opened: what was opened by then is closed, and nothing more is opened.
 */
import { PiculusError } from '@piculus/protocol';
import type { Logger } from 'pino';
import type { Clock } from './base/clock.ts';

/** A part that waits for a database that never answers must not keep the process alive for ever. */
const CLOSE_MS_MAX = 20_000;

interface Opened {
  readonly name: string;
  readonly close: () => Promise<void> | void;
}

export class Lifecycle {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #opened: Opened[] = [];
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | null = null;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Fires when the stop begins. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** @throws PiculusError `stopping` where the stop has begun. */
  check(): void {
    if (this.#stopping.signal.aborted) throw new PiculusError('stopping');
  }

  /** Opens one part and remembers how to close it. @throws PiculusError `stopping`, or what `open` throws. */
  async open<T>(
    name: string,
    open: () => Promise<T> | T,
    close: (part: T) => Promise<void> | void,
  ): Promise<T> {
    this.check();
    const part = await open();
    this.#opened.push({ name, close: () => close(part) });
    return part;
  }

  /** Waits until `opening` has ended one way or the other, then closes everything. Safe to call again. */
  stop(opening: Promise<unknown>): Promise<void> {
    this.#stopping.abort();
    this.#stopped ??= this.#close(opening);
    return this.#stopped;
  }

  async #close(opening: Promise<unknown>): Promise<void> {
    await this.#inTime('start', opening).catch(() => {});
    for (let part = this.#opened.pop(); part !== undefined; part = this.#opened.pop()) {
      try {
        await this.#inTime(part.name, Promise.resolve(part.close()));
      } catch (error) {
        // One part that does not close well must not keep the others open.
        this.#log.error({ err: error, part: part.name }, 'a part did not close');
      }
    }
  }

  /** Resolves when it has closed or was waited for long enough. @throws what closing throws. */
  async #inTime(part: string, closing: Promise<unknown>): Promise<void> {
    const done = new AbortController();
    const ended = closing.finally(() => done.abort());
    // It may still fail when nobody waits for it any more.
    ended.catch(() => {});
    const late = this.#clock.sleep(CLOSE_MS_MAX, done.signal).then(() => {
      if (!done.signal.aborted) this.#log.error({ part }, 'a part did not close in time; the stop goes on');
    });
    await Promise.race([ended, late]);
  }
}
