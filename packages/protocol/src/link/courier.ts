/** Puts the packets of one link into a carrier that may be full for a while, or lose its store. */

/** `full`: try again; `lost`: the place that the packets go to is not there any more. */
export type PutAnswer = 'taken' | 'full' | 'lost';

export interface CourierOptions {
  /** Never rejects. */
  readonly put: (packet: Uint8Array) => Promise<PutAnswer>;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Called once: the link cannot go on. */
  readonly lost: () => void;
}

const AGAIN_MS = { first: 50, most: 1_000 } as const;

export class Courier {
  readonly #options: CourierOptions;
  readonly #stop = new AbortController();
  #waiting = new Set<Promise<void>>();

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  send(packet: Uint8Array): void {
    const work = this.#send(packet).finally(() => this.#waiting.delete(work));
    this.#waiting.add(work);
  }

  /** Tries nothing again from now on. */
  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when every packet that was given to the carrier is answered for. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
  }

  async #send(packet: Uint8Array): Promise<void> {
    const { put, sleep, lost } = this.#options;
    const { signal } = this.#stop;
    for (let pauseMs: number = AGAIN_MS.first; ; pauseMs = Math.min(AGAIN_MS.most, 2 * pauseMs)) {
      const answer = await put(packet);
      if (answer === 'taken' || signal.aborted) return;
      if (answer === 'lost') {
        this.stop();
        lost();
        return;
      }
      await sleep(pauseMs, signal);
    }
  }
}
