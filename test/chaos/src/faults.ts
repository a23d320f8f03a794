/** Does what the schedule says, and counts what was really done: a fault that did not happen proves nothing. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { History } from './history.ts';
import type { TcpFault } from './proxy/tcp.ts';
import { FAULT_KINDS, type FaultKind, type PlannedFault, type Profile } from './schedule.ts';

export interface Done {
  planned: number;
  /** With an effect that was seen. */
  happened: number;
}

const SLOW_END_MS = 60_000;
const FELT_WITHIN_MS = 8_000;
const AGAIN_MAX = 5;

export class Faults {
  readonly done: Record<FaultKind, Done>;
  readonly #cluster: Cluster;
  readonly #history: History;
  readonly #profile: Profile;
  readonly #running = new Set<Promise<void>>();
  /** Ends what lasts; the phase is over. */
  readonly #over = new AbortController();

  constructor(cluster: Cluster, profile: Profile, history: History) {
    this.#cluster = cluster;
    this.#history = history;
    this.#profile = profile;
    this.done = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, { planned: 0, happened: 0 }])) as Record<
      FaultKind,
      Done
    >;
  }

  /** Resolves when the time is over and everything is whole again. */
  async run(schedule: readonly PlannedFault[]): Promise<void> {
    const startedAt = Date.now();
    for (const fault of schedule) this.done[fault.kind].planned += 1;
    for (const fault of schedule) {
      const waitMs = fault.atMs - (Date.now() - startedAt);
      if (waitMs > 0) await sleep(waitMs);
      const running = this.#do(fault);
      this.#running.add(running);
      void running.finally(() => this.#running.delete(running));
    }
    const left = this.#profile.forMs - (Date.now() - startedAt);
    if (left > 0) await sleep(left);
    await this.heal();
  }

  /** Whatever still lasts ends now. */
  async heal(): Promise<void> {
    this.#over.abort();
    const cluster = this.#cluster;
    for (const arrow of cluster.arrows.values()) arrow.heal();
    for (const link of cluster.links.values()) link.heal();
    await Promise.race([Promise.allSettled([...this.#running]), sleep(SLOW_END_MS)]);
    cluster.postgres.freeDisk();
    await cluster.postgres.freeConnections();
    await cluster.postgres.start();
    await cluster.nats?.start();
    if (cluster.clockFile !== null) writeFileSync(cluster.clockFile, '+0');
  }

  async #do(fault: PlannedFault): Promise<void> {
    const { kind, target, forMs, detail } = fault;
    try {
      let seen = await this.#act(fault);
      // It may only have come at a moment when there was nothing to hit.
      for (let tries = 0; seen === null && tries < AGAIN_MAX && !this.#over.signal.aborted; tries += 1) {
        await this.#pause(1_500);
        seen = await this.#act(fault);
      }
      if (seen !== null) this.done[kind].happened += 1;
      this.#history.tell(seen === null ? `nothing to do: ${kind}` : kind, {
        target,
        ...(forMs > 0 ? { forMs } : {}),
        ...detail,
        ...(seen ?? {}),
      });
    } catch (error) {
      this.#history.tell(`not done: ${kind}`, { target, reason: String(error) });
    }
  }

  /** @returns what was seen of it; null where it could not be done just then. */
  #act(fault: PlannedFault): Promise<Readonly<Record<string, unknown>> | null> {
    const { target, forMs, detail } = fault;
    const wire = (broken: TcpFault): Promise<Readonly<Record<string, unknown>> | null> =>
      this.#onWire(target, broken, forMs);
    const acts: Readonly<Record<FaultKind, () => Promise<Readonly<Record<string, unknown>> | null>>> = {
      'kill-node': () => this.#kill(fault),
      'kill-client': () => this.#kill(fault),
      'kill-bank': () => this.#kill(fault),
      'freeze-node': () => this.#freeze(fault),
      'freeze-client': () => this.#freeze(fault),
      'crash-postgres': () => this.#stopPostgres(forMs, () => this.#cluster.postgres.crash()),
      'stop-postgres': () => this.#stopPostgres(forMs, () => this.#cluster.postgres.stopAtOnce()),
      'end-sessions': async () => {
        const sessions = await this.#cluster.postgres.endSessions(Number(detail.sessions));
        return sessions > 0 ? { ended: sessions } : null;
      },
      'no-connections': () => this.#takeConnections(fault),
      'disk-full': () => this.#fillDisk(forMs),
      'part-database': () => wire({ kind: 'half-open' }),
      'half-open': () => wire({ kind: 'half-open' }),
      'one-way': () => wire({ kind: 'one-way', blocked: detail.blocked === 'up' ? 'up' : 'down' }),
      'bank-away': () => wire({ kind: 'half-open' }),
      slow: () =>
        wire(
          typeof detail.ms === 'number'
            ? { kind: 'delay', ms: detail.ms }
            : { kind: 'throttle', bytesPerSecond: Number(detail.bytesPerSecond) },
        ),
      reset: async () => {
        const cut = this.#arrow(target).reset();
        return cut > 0 ? { cut } : null;
      },
      messages: () => this.#onMessages(target, forMs),
      clock: () => this.#jump(fault),
      'kill-nats': () => this.#stopNats(forMs, false),
      'wipe-nats': () => this.#stopNats(forMs, true),
      'part-nats': () => wire({ kind: 'half-open' }),
    };
    return acts[fault.kind]();
  }

  async #kill({ target, detail }: PlannedFault): Promise<Readonly<Record<string, unknown>> | null> {
    const { fleet } = this.#cluster;
    const program = await fleet.kill(target);
    if (program === null) return null;
    const back = async (): Promise<void> => {
      await this.#pause(Number(detail.backAfterMs));
      await fleet.start(program);
    };
    const running = back().catch((error: unknown) => {
      this.#history.tell('a process did not come back', { name: target, reason: String(error) });
    });
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
    return {};
  }

  async #freeze({ target, forMs }: PlannedFault): Promise<Readonly<Record<string, unknown>> | null> {
    const { fleet } = this.#cluster;
    const pid = fleet.pidOf(target);
    if (!fleet.freeze(target)) return null;
    await this.#pause(forMs);
    // Killed and started again meanwhile: the new one was never frozen.
    if (fleet.pidOf(target) !== pid) return { thenKilled: true };
    fleet.thaw(target);
    return {};
  }

  async #stopPostgres(
    forMs: number,
    stop: () => Promise<void>,
  ): Promise<Readonly<Record<string, unknown>> | null> {
    const { postgres } = this.#cluster;
    if (!postgres.isUp) return null;
    await stop();
    await this.#pause(forMs);
    const from = Date.now();
    await postgres.start();
    return { recoveredInMs: Date.now() - from };
  }

  async #takeConnections({ forMs, detail }: PlannedFault): Promise<Readonly<Record<string, unknown>> | null> {
    const { postgres } = this.#cluster;
    if (!postgres.isUp) return null;
    try {
      const taken = await postgres.hogConnections(Number(detail.left), 'piculus');
      await this.#pause(forMs);
      return taken > 0 ? { taken } : null;
    } finally {
      await postgres.freeConnections();
    }
  }

  async #fillDisk(forMs: number): Promise<Readonly<Record<string, unknown>> | null> {
    const { postgres } = this.#cluster;
    if (!postgres.isUp || !postgres.ownDisk) return null;
    const bytes = postgres.fillDisk();
    await this.#pause(forMs);
    const crashed = !postgres.isUp;
    postgres.freeDisk();
    await postgres.start();
    return { bytes, crashed };
  }

  async #onWire(
    name: string,
    fault: TcpFault,
    forMs: number,
  ): Promise<Readonly<Record<string, unknown>> | null> {
    const arrow = this.#arrow(name);
    const before = { ...arrow.counts };
    arrow.break(fault);
    await this.#pause(forMs);
    // A wire that nobody used was not broken for anybody: a little longer, then.
    const isFelt = (): boolean =>
      arrow.counts.held + arrow.counts.delayed > before.held + before.delayed || this.#over.signal.aborted;
    for (let waitedMs = 0; waitedMs < FELT_WITHIN_MS && !isFelt(); waitedMs += 500) await this.#pause(500);
    arrow.heal();
    // Half of what hung so long is found to be dead, the other half goes on as if nothing had been.
    const cut = fault.kind === 'half-open' && forMs % 2 === 0 ? arrow.reset() : 0;
    const held = arrow.counts.held - before.held;
    const delayed = arrow.counts.delayed - before.delayed;
    return held + delayed + cut > 0 ? { held, delayed, cut } : null;
  }

  async #onMessages(client: string, forMs: number): Promise<Readonly<Record<string, unknown>> | null> {
    const link = this.#cluster.links.get(client);
    if (link === undefined) return null;
    const before = { ...link.counts };
    link.break(this.#profile.messages);
    await this.#pause(forMs);
    link.heal();
    const { dropped, repeated, delayed, reordered, replayed } = link.counts;
    const seen = {
      dropped: dropped - before.dropped,
      repeated: repeated - before.repeated,
      delayed: delayed - before.delayed,
      reordered: reordered - before.reordered,
      replayed: replayed - before.replayed,
    };
    return Object.values(seen).some((count) => count > 0) ? seen : null;
  }

  /** What NATS held in memory is lost each time; a wipe takes what it knew of streams as well. */
  async #stopNats(forMs: number, wipe: boolean): Promise<Readonly<Record<string, unknown>> | null> {
    const { nats } = this.#cluster;
    if (nats === null || !nats.isUp) return null;
    await nats.kill();
    if (wipe) nats.wipe();
    await this.#pause(forMs);
    await nats.start();
    return {};
  }

  async #jump({ forMs, detail }: PlannedFault): Promise<Readonly<Record<string, unknown>> | null> {
    const { clockFile, fleet } = this.#cluster;
    if (clockFile === null || fleet.pidOf('node-3') === null) return null;
    const seconds = Number(detail.seconds);
    writeFileSync(clockFile, `${seconds > 0 ? '+' : ''}${seconds}`);
    await this.#pause(forMs);
    writeFileSync(clockFile, '+0');
    return {};
  }

  #arrow(name: string) {
    const arrow = this.#cluster.arrows.get(name);
    if (arrow === undefined) throw new Error(`there is no arrow ${name}`);
    return arrow;
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#over.signal }).catch(() => {});
  }
}
