/** Tells of work that takes too long. One timer for all of it: all has the same time, so the oldest is due first. */
import type { Clock } from '../clock.ts';

export interface DeadlinesOptions<T> {
  readonly clock: Clock;
  readonly ms: number;
  /** Called once for each work that was not ended in time. */
  overdue(work: T): void;
}

export class Deadlines<T> {
  readonly #options: DeadlinesOptions<T>;
  /** When each is due, by `elapsedMs`, in the order in which they began. */
  readonly #due = new Map<T, number>();
  #watching: AbortController | null = null;

  constructor(options: DeadlinesOptions<T>) {
    this.#options = options;
  }

  begun(work: T): void {
    const { clock, ms } = this.#options;
    this.#due.set(work, clock.elapsedMs() + ms);
    if (this.#watching !== null) return;
    this.#watching = new AbortController();
    void this.#watch(this.#watching.signal);
  }

  ended(work: T): void {
    if (!this.#due.delete(work) || this.#due.size > 0) return;
    // A timer that nobody needs would keep the process from ending.
    this.#watching?.abort('ended');
    this.#watching = null;
  }

  async #watch(ended: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!ended.aborted) {
      const [oldest] = this.#due.values();
      await clock.sleep(Math.max(1, (oldest ?? 0) - clock.elapsedMs()), ended);
      if (ended.aborted) return;
      const now = clock.elapsedMs();
      for (const [work, due] of [...this.#due]) {
        if (due > now) break;
        this.ended(work);
        this.#options.overdue(work);
      }
    }
  }
}
