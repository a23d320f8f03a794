/**
 * Results on their way to the server: gathered for a short time, sent in batches of one lease, and kept until
 * the server has them or says that they come too late.
 */
import { type ClientMessageBody, type FixResult, LIMITS, PiculusError } from '@piculus/protocol';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { sharedController } from '../signals.ts';

export interface ResultsOutboxOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Sends until the server has it. @throws PiculusError where it refuses for good. */
  deliver(body: ClientMessageBody<'fix-results'>, signal: AbortSignal): Promise<void>;
}

interface LeaseResults {
  readonly epoch: number;
  waiting: FixResult[];
  inFlight: number;
  readonly dropped: AbortController;
}

/** How long a result may wait for company while others are on their way; it goes at once when they have arrived. */
const GATHER_MS = 20;
/** Why nobody waits any longer. Without a reason, each signal would make an error with a stack of its own. */
const ARRIVED = 'arrived';
const BATCH_RESULTS = LIMITS.fixesPerMessage;

export class ResultsOutbox {
  readonly #options: ResultsOutboxOptions;
  readonly #leases = new Map<string, LeaseResults>();
  readonly #emptyWaiters = new Set<() => void>();
  #flushPlanned = false;
  /** Ends the wait for company. */
  #gathering: AbortController | null = null;

  constructor(options: ResultsOutboxOptions) {
    this.#options = options;
  }

  /** Leases with results that the server does not have yet. */
  leases(): string[] {
    return [...this.#leases.keys()];
  }

  add(leaseId: string, epoch: number, result: FixResult): void {
    const lease = this.#leases.get(leaseId) ?? {
      epoch,
      waiting: [],
      inFlight: 0,
      dropped: sharedController(),
    };
    this.#leases.set(leaseId, lease);
    lease.waiting.push(result);
    if (lease.waiting.length >= BATCH_RESULTS) this.#flush(leaseId, lease);
    else this.#planFlush();
  }

  /** These leases were taken away: their results would come too late. */
  drop(leaseIds: Iterable<string>): void {
    for (const leaseId of leaseIds) {
      const lease = this.#leases.get(leaseId);
      if (!lease) continue;
      this.#leases.delete(leaseId);
      lease.dropped.abort(new PiculusError('stale-lease'));
    }
    this.#tellIfEmpty();
  }

  /** Resolves when nothing waits any more or the signal fires. */
  async emptied(signal: AbortSignal): Promise<void> {
    for (const [leaseId, lease] of this.#leases) this.#flush(leaseId, lease);
    while (this.#leases.size > 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#emptyWaiters.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#emptyWaiters.add(done);
        signal.addEventListener('abort', done, { once: true });
      });
    }
  }

  /** The first result after a quiet time goes at once; while others are on their way, results gather. */
  #planFlush(): void {
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    const gathering = new AbortController();
    this.#gathering = gathering;
    // Even "at once" lets results that end in the same moment go together.
    const wait = this.#isQuiet() ? Promise.resolve() : this.#options.clock.sleep(GATHER_MS, gathering.signal);
    void wait.then(() => {
      this.#flushPlanned = false;
      this.#gathering = null;
      for (const [leaseId, lease] of this.#leases) this.#flush(leaseId, lease);
    });
  }

  /** Nothing is on its way. */
  #isQuiet(): boolean {
    return [...this.#leases.values()].every((lease) => lease.inFlight === 0);
  }

  #flush(leaseId: string, lease: LeaseResults): void {
    while (lease.waiting.length > 0) {
      lease.inFlight += 1;
      void this.#send(leaseId, lease, lease.waiting.splice(0, BATCH_RESULTS));
    }
  }

  async #send(leaseId: string, lease: LeaseResults, results: readonly FixResult[]): Promise<void> {
    try {
      await this.#deliver(leaseId, lease, results);
    } finally {
      lease.inFlight -= 1;
      if (lease.inFlight === 0 && lease.waiting.length === 0 && this.#leases.get(leaseId) === lease) {
        this.#leases.delete(leaseId);
      }
      if (this.#isQuiet()) this.#gathering?.abort(ARRIVED);
      this.#tellIfEmpty();
    }
  }

  async #deliver(leaseId: string, lease: LeaseResults, results: readonly FixResult[]): Promise<void> {
    const { log, deliver } = this.#options;
    try {
      await deliver({ leaseId, epoch: lease.epoch, results: [...results] }, lease.dropped.signal);
    } catch (error) {
      const code = error instanceof PiculusError ? error.code : 'stopped';
      // Few batches are too large, so their size is not looked at before they are written as a message.
      if (code === 'too-large' && results.length > 1) {
        const half = Math.ceil(results.length / 2);
        await this.#deliver(leaseId, lease, results.slice(0, half));
        return this.#deliver(leaseId, lease, results.slice(half));
      }
      const fields = { leaseId, code, results: results.length };
      // The journal keeps what was done: the next execution of the same command says it again.
      if (code === 'stale-lease' || code === 'unknown-command')
        log.info(fields, 'results came too late and are dropped');
      else log.error(fields, 'results could not be handed over and are dropped');
    }
  }

  #tellIfEmpty(): void {
    if (this.#leases.size === 0) for (const tell of [...this.#emptyWaiters]) tell();
  }
}
