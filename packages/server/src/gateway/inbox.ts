/**
 * Back-pressure of one session: at most so many messages are being handled, the rest waits as text, and while
 * any waits the connection is not read. So a client that sends faster than its work is stored slows itself
 * only. Messages of one lane are handled in their order; lanes do not wait for each other.
 */
export type Lane = 'control' | 'collect' | 'fix';

export interface InboxOptions {
  /** Messages that are handled at the same time, over all lanes. */
  readonly unprocessedMax: number;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Reads a frame and tells its lane and its work; the work must not reject. Null where it is done already. */
  readonly open: (frame: string) => { readonly lane: Lane; readonly work: () => Promise<void> } | null;
}

export class Inbox {
  readonly #options: InboxOptions;
  readonly #lanes = new Map<Lane, Promise<void>>();
  #waiting: string[] = [];
  #unprocessed = 0;
  #paused = false;
  #closed = false;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Messages that were read and are not handled yet; never more than the limit. */
  get unprocessed(): number {
    return this.#unprocessed;
  }

  get paused(): boolean {
    return this.#paused;
  }

  push(frame: string): void {
    if (this.#closed) return;
    this.#waiting.push(frame);
    this.#pump();
  }

  /** Drops what waits; what is being handled goes on. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  /** Resolves when everything that is being handled is done. */
  async idle(): Promise<void> {
    while (this.#unprocessed > 0) await Promise.all(this.#lanes.values());
  }

  #pump(): void {
    while (this.#unprocessed < this.#options.unprocessedMax) {
      const frame = this.#waiting.shift();
      if (frame === undefined) break;
      const opened = this.#options.open(frame);
      if (opened !== null) this.#enqueue(opened.lane, opened.work);
    }
    this.#setPaused(this.#waiting.length > 0 || this.#unprocessed >= this.#options.unprocessedMax);
  }

  #enqueue(lane: Lane, work: () => Promise<void>): void {
    this.#unprocessed += 1;
    const before = this.#lanes.get(lane) ?? Promise.resolve();
    const after = before.then(work).finally(() => {
      this.#unprocessed -= 1;
      this.#pump();
    });
    this.#lanes.set(lane, after);
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused || this.#closed) return;
    this.#paused = paused;
    if (paused) this.#options.pause();
    else this.#options.resume();
  }
}
