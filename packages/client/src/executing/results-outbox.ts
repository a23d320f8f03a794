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

/** How long a result may wait for company while others are on their way. */
const GATHER_MS = 20;
const BATCH_RESULTS = LIMITS.fixesPerMessage;
const BATCH_BYTES = LIMITS.messageBytes - 1_024;

export class ResultsOutbox {
  readonly #options: ResultsOutboxOptions;
  readonly #leases = new Map<string, LeaseResults>();
  readonly #emptyWaiters = new Set<() => void>();
  #flushPlanned = false;

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
    const idle = [...this.#leases.values()].every((lease) => lease.inFlight === 0);
    const never = new AbortController().signal;
    // Even "at once" lets results that end in the same moment go together.
    const wait = idle ? Promise.resolve() : this.#options.clock.sleep(GATHER_MS, never);
    void wait.then(() => {
      this.#flushPlanned = false;
      for (const [leaseId, lease] of this.#leases) this.#flush(leaseId, lease);
    });
  }

  #flush(leaseId: string, lease: LeaseResults): void {
    while (lease.waiting.length > 0) {
      const results = takeBatch(lease.waiting);
      lease.inFlight += 1;
      void this.#send(leaseId, lease, results);
    }
  }

  async #send(leaseId: string, lease: LeaseResults, results: FixResult[]): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#options.deliver({ leaseId, epoch: lease.epoch, results }, lease.dropped.signal);
    } catch (error) {
      const code = error instanceof PiculusError ? error.code : 'stopped';
      const fields = { leaseId, code, results: results.length };
      // The journal keeps what was done: the next execution of the same command says it again.
      if (code === 'stale-lease' || code === 'unknown-command')
        log.info(fields, 'results came too late and are dropped');
      else log.error(fields, 'results could not be handed over and are dropped');
    } finally {
      lease.inFlight -= 1;
      if (lease.inFlight === 0 && lease.waiting.length === 0 && this.#leases.get(leaseId) === lease) {
        this.#leases.delete(leaseId);
      }
      this.#tellIfEmpty();
    }
  }

  #tellIfEmpty(): void {
    if (this.#leases.size === 0) for (const tell of [...this.#emptyWaiters]) tell();
  }
}

/** Takes results from the front, bounded by number and by bytes, at least one. */
function takeBatch(waiting: FixResult[]): FixResult[] {
  let bytes = 0;
  let count = 0;
  for (const result of waiting) {
    bytes += Buffer.byteLength(JSON.stringify(result)) + 1;
    if (count > 0 && (bytes > BATCH_BYTES || count >= BATCH_RESULTS)) break;
    count += 1;
  }
  return waiting.splice(0, count);
}
