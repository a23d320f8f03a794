/**
 * Opens parts in order and closes them in reverse. A stop may come at any moment, also while a part is being
 * opened: what was opened by then is closed, and nothing more is opened.
 */
import { PiculusError } from '@piculus/protocol';
import type { Logger } from 'pino';

interface Opened {
  readonly name: string;
  readonly close: () => Promise<void> | void;
}

export class Lifecycle {
  readonly #log: Logger;
  readonly #opened: Opened[] = [];
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | null = null;

  constructor(log: Logger) {
    this.#log = log;
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
    await opening.catch(() => {});
    for (let part = this.#opened.pop(); part !== undefined; part = this.#opened.pop()) {
      try {
        await part.close();
      } catch (error) {
        // One part that does not close well must not keep the others open.
        this.#log.error({ err: error, part: part.name }, 'a part did not close');
      }
    }
  }
}
