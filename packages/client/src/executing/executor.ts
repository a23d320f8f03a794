/**
 * Executes the commands of leases in the client's places. Whatever happens to the connection, a command that
 * was begun goes on; one that was not is begun only while its lease surely holds.
 */
import {
  type ClientMessageBody,
  type FixCommand,
  type FixItem,
  type FixResult,
  isoTime,
  LIMITS,
  PiculusError,
} from '@piculus/protocol';
import { leasePlace, type TracePlace } from '@piculus/protocol/tracing';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { NOTHING_PERSONAL, scrubText } from '../masking/mask.ts';
import { boundText, describeError, storable } from '../masking/text.ts';
import { GiveUp, type GiveUpCause } from '../runner/give-up.ts';
import { withoutActing } from '../runner/results.ts';
import type { AnyFix } from '../runner/any-fix.ts';
import type { Runner } from '../runner/runner.ts';
import type { SpanStart, Tracing } from '../tracing/tracing.ts';
import { Deadlines } from './deadlines.ts';
import type { ResultsOutbox } from './results-outbox.ts';

export interface ExecutorOptions<Tx> {
  readonly fixes: ReadonlyMap<string, AnyFix<Tx>>;
  readonly runner: Runner<Tx>;
  readonly tracing: Tracing;
  readonly outbox: ResultsOutbox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly places: number;
  /** After this a command is asked to give up; if it does not, its lease is no longer renewed. */
  readonly commandMs: number;
  finished(item: FixItem, result: FixResult | null): void;
}

interface Lease {
  readonly id: string;
  readonly epoch: number;
  readonly leaseMs: number;
  readonly place: TracePlace;
  /** Until when the server surely keeps it for us, by `elapsedMs`. */
  validUntil: number;
  unfinished: number;
}

interface Work {
  readonly lease: Lease;
  readonly item: FixItem;
}

interface RunningWork extends Work {
  readonly controller: AbortController;
  /** It was asked to give up and goes on all the same. */
  overdue: boolean;
}

/** Leases whose end is remembered, so that a late second delivery is not executed again. */
const REMEMBERED_LEASES = 2_000;

export class Executor<Tx> {
  readonly #options: ExecutorOptions<Tx>;
  readonly #leases = new Map<string, Lease>();
  readonly #queue: Work[] = [];
  readonly #running = new Set<RunningWork>();
  readonly #deadlines: Deadlines<RunningWork>;
  readonly #ended = new Map<string, 'answered' | 'lost' | 'halted'>();
  readonly #idleWaiters = new Set<() => void>();
  #stopping = false;
  #online = false;

  constructor(options: ExecutorOptions<Tx>) {
    this.#options = options;
    const { clock, commandMs } = options;
    this.#deadlines = new Deadlines({ clock, ms: commandMs, overdue: (work) => this.#overdue(work) });
  }

  get freePlaces(): number {
    return Math.max(0, this.#options.places - this.#running.size - this.#queue.length);
  }

  /** Leases to be renewed: with work that goes on as it should, or with results that the server does not have. */
  leases(): string[] {
    const open = new Set(this.#options.outbox.leases());
    for (const { lease } of this.#queue) open.add(lease.id);
    for (const work of this.#running) if (!work.overdue) open.add(work.lease.id);
    for (const id of open) if (this.#ended.get(id) === 'lost') open.delete(id);
    return [...open].slice(0, 1_000);
  }

  /**
   * Takes a batch. A repeat of one that is here or was here changes nothing.
   * @throws PiculusError `stopping`, `busy`, `unknown-fix`, `stale-lease`, `halted`; then none of it is executed.
   */
  accept(command: FixCommand): void {
    const known = this.#leases.get(command.leaseId);
    if (known?.epoch === command.epoch) return;
    const ended = this.#ended.get(command.leaseId);
    if (ended === 'answered') return;
    // The halt was faster than the batch.
    if (ended === 'halted') throw new PiculusError('halted');
    if (known || ended === 'lost') throw new PiculusError('stale-lease');
    if (this.#stopping) throw new PiculusError('stopping');
    const { fixes, places, clock } = this.#options;
    if (!command.items.some((item) => fixes.has(item.fixCode))) throw new PiculusError('unknown-fix');
    // A lost lease's commands may still hold places that the server takes for free, hence the factor.
    if (this.#queue.length + this.#running.size + command.items.length > 2 * places)
      throw new PiculusError('busy');
    const { leaseId: id, epoch, leaseMs, items } = command;
    const lease: Lease = {
      id,
      epoch,
      leaseMs,
      place: leasePlace(id),
      validUntil: clock.elapsedMs() + leaseMs,
      unfinished: items.length,
    };
    this.#leases.set(id, lease);
    for (const item of items) this.#queue.push({ lease, item });
    this.#pump();
  }

  /**
   * Begins nothing more of these leases, also of one that arrives only later; what is begun goes on.
   * @returns what was not begun, by lease.
   */
  halt(leaseIds: readonly string[]): ClientMessageBody<'halted'>['leases'] {
    const halted = new Set(leaseIds);
    for (const id of halted) if (!this.#leases.has(id) && !this.#ended.has(id)) this.#remember(id, 'halted');
    const taken = this.#queue.filter(({ lease }) => halted.has(lease.id));
    this.#queue.splice(0, this.#queue.length, ...this.#queue.filter(({ lease }) => !halted.has(lease.id)));
    const notBegun = new Map<string, string[]>();
    for (const { lease, item } of taken) {
      notBegun.set(lease.id, [...(notBegun.get(lease.id) ?? []), item.problemId]);
      lease.unfinished -= 1;
      if (lease.unfinished > 0) continue;
      this.#leases.delete(lease.id);
      this.#remember(lease.id, 'halted');
    }
    return [...notBegun].map(([leaseId, problemIds]) => ({ leaseId, problemIds }));
  }

  /** The server has a heartbeat that named these leases. */
  renewed(leaseIds: readonly string[], sentAt: number): void {
    for (const id of leaseIds) {
      const lease = this.#leases.get(id);
      // A lease that ran out before the heartbeat was sent may have been given away; only a welcome can tell.
      if (lease && lease.validUntil >= sentAt)
        lease.validUntil = Math.max(lease.validUntil, sentAt + lease.leaseMs);
    }
    this.#loseLapsed();
    this.#pump();
  }

  /** A new connection stands: these leases are gone, and all others that were named hold again. */
  welcomed(lostLeases: readonly string[]): void {
    this.#online = true;
    this.#lose(lostLeases, 'lease-lost');
    const now = this.#options.clock.elapsedMs();
    for (const lease of this.#leases.values()) lease.validUntil = now + lease.leaseMs;
    this.#pump();
  }

  disconnected(): void {
    this.#online = false;
  }

  /** Takes nothing new, answers what was not begun, and resolves when the rest ended or the time is over. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping = true;
    for (const { lease, item } of this.#queue.splice(0)) {
      // Nothing of it was done, so this must not use one of its retries.
      const result = withoutActing(
        this.#options,
        item,
        isoTime(this.#options.clock.now()),
        'not-yet',
        'not begun: the client stops',
      );
      this.#end(lease, item, result);
    }
    const giveUp = (): void => {
      for (const work of this.#running) work.controller.abort(new GiveUp('stopping'));
    };
    deadline.addEventListener('abort', giveUp, { once: true });
    if (deadline.aborted) giveUp();
    await this.#idle(deadline);
  }

  /** Resolves when nothing runs, or in the turn after the signal fired: work that ignores it is left behind. */
  async #idle(deadline: AbortSignal): Promise<void> {
    while (this.#running.size > 0 && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#idleWaiters.delete(done);
          deadline.removeEventListener('abort', done);
          resolve();
        };
        this.#idleWaiters.add(done);
        deadline.addEventListener('abort', done, { once: true });
      });
    }
  }

  /**
   * Our clock says that the server may have given these away while we were held up, for instance a process that
   * was stopped and goes on. Only while connected: without a connection, the next welcome decides.
   */
  #loseLapsed(): void {
    if (!this.#online) return;
    const now = this.#options.clock.elapsedMs();
    const lapsed = [...this.#leases.values()]
      .filter((lease) => lease.validUntil < now)
      .map((lease) => lease.id);
    if (lapsed.length > 0) this.#lose(lapsed, 'lease-lost');
  }

  #lose(leaseIds: readonly string[], why: GiveUpCause): void {
    const lost = new Set(leaseIds);
    if (lost.size === 0) return;
    for (const id of lost) this.#remember(id, 'lost');
    const kept = this.#queue.filter((work) => !lost.has(work.lease.id));
    this.#queue.splice(0, this.#queue.length, ...kept);
    for (const work of this.#running) if (lost.has(work.lease.id)) work.controller.abort(new GiveUp(why));
    for (const id of lost) this.#leases.delete(id);
    this.#options.outbox.drop(lost);
    this.#options.log.warn(
      { leases: [...lost] },
      'leases were taken away; their commands give up between two steps',
    );
  }

  #pump(): void {
    this.#loseLapsed();
    const now = this.#options.clock.elapsedMs();
    while (this.#running.size < this.#options.places) {
      const next = this.#queue.findIndex((work) => work.lease.validUntil >= now);
      const [work] = next === -1 ? [] : this.#queue.splice(next, 1);
      if (!work) return;
      const { lease, item } = work;
      const running = { lease, item, controller: new AbortController(), overdue: false };
      this.#running.add(running);
      this.#deadlines.begun(running);
      void this.#execute(running);
    }
  }

  #overdue(work: RunningWork): void {
    const { log, commandMs } = this.#options;
    work.overdue = true;
    work.controller.abort(new GiveUp('too-slow'));
    log.error(
      { commandKey: work.item.commandKey, commandMs },
      'a command takes too long and is asked to give up',
    );
  }

  async #execute(work: RunningWork): Promise<void> {
    const { lease, item, controller } = work;
    const { clock, fixes, log, runner } = this.#options;
    const startedAt = isoTime(clock.now());
    let result: FixResult | null;
    try {
      const fix = fixes.get(item.fixCode);
      result = fix
        ? await this.#options.tracing.span(spanOf(lease, item), () =>
            runner.run(fix, item, controller.signal),
          )
        : withoutActing(this.#options, item, startedAt, 'failed', `this client has no fix ${item.fixCode}`);
    } catch (error) {
      const reason = boundText(
        scrubText(storable(describeError(error)), NOTHING_PERSONAL, [item.businessKey]),
        LIMITS.reasonLength,
      );
      log.error({ commandKey: item.commandKey, error: reason }, 'a command could not be run');
      result = withoutActing(this.#options, item, startedAt, 'failed', reason);
    }
    this.#running.delete(work);
    this.#deadlines.ended(work);
    this.#end(lease, item, result);
    this.#pump();
    if (this.#running.size === 0) for (const tell of [...this.#idleWaiters]) tell();
  }

  #end(lease: Lease, item: FixItem, result: FixResult | null): void {
    lease.unfinished -= 1;
    if (this.#leases.get(lease.id) === lease) {
      if (result) this.#options.outbox.add(lease.id, lease.epoch, result);
      if (lease.unfinished === 0) {
        this.#leases.delete(lease.id);
        this.#remember(lease.id, 'answered');
      }
    }
    this.#options.finished(item, result);
  }

  #remember(leaseId: string, end: 'answered' | 'lost' | 'halted'): void {
    this.#ended.set(leaseId, end);
    if (this.#ended.size <= REMEMBERED_LEASES) return;
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined) this.#ended.delete(oldest);
  }
}

function spanOf({ place }: Lease, { problemId, fixCode, scenario, attempt }: FixItem): SpanStart {
  const attributes = {
    'piculus.problem': problemId,
    'piculus.fix_code': fixCode,
    'piculus.scenario': scenario,
    'piculus.attempt': attempt,
  };
  return { name: 'fix', parent: place, attributes };
}
