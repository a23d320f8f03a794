/** Connections between processes: in order, but late, repeated, silent one way or both, and broken. */
import type { NetProfile } from './profile.ts';
import type { Random } from './random.ts';
import type { Lane, Scheduler } from './scheduler.ts';

export interface End {
  readonly lane: Lane;
  message(frame: string): void;
  closed(reason: string): void;
}

export interface Wire {
  send(frame: string): void;
  close(reason: string): void;
}

/** How long a silent connection stays before its ends learn that it is gone. */
const SILENT_MS = 40_000;

export class Net {
  /** None of its faults happen any more. */
  healed = false;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #profile: NetProfile;
  readonly #open = new Set<Connection>();

  constructor(scheduler: Scheduler, random: Random, profile: NetProfile) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#profile = profile;
  }

  latency(): number {
    return this.#profile.latencyMs * (0.5 + this.#random.next() * 2);
  }

  /** Connects two processes. Each gets its end of the wire. */
  connect(near: End, far: (wire: Wire) => End): { wire: Wire } {
    const connection = new Connection(this, this.#scheduler);
    const wireOf = (side: 0 | 1): Wire => ({
      send: (frame) => connection.send(side, frame),
      close: (reason) => connection.close(side, reason),
    });
    connection.join(near, far(wireOf(1)));
    this.#open.add(connection);
    return { wire: wireOf(0) };
  }

  forget(connection: Connection): void {
    this.#open.delete(connection);
  }

  heal(): void {
    this.healed = true;
    for (const connection of [...this.#open]) connection.healed();
  }

  /** What happens to one frame. */
  fate(): 'arrives' | 'twice' | 'breaks' | 'silence' {
    if (this.healed) return 'arrives';
    const { repeat, silence, breaks } = this.#profile;
    if (this.#random.chance(breaks)) return 'breaks';
    if (this.#random.chance(silence)) return 'silence';
    return this.#random.chance(repeat) ? 'twice' : 'arrives';
  }

  /** What was sent before a connection ended is still read, by whoever has not heard of its end. */
  get drains(): boolean {
    return this.#profile.drains;
  }

  oneWay(): boolean {
    return this.#random.chance(0.5);
  }
}

class Connection {
  readonly #net: Net;
  readonly #scheduler: Scheduler;
  #ends: readonly [End, End] | null = null;
  #over = false;
  /** When the last frame of each direction arrives: what comes later cannot arrive before it. */
  readonly #lastAt: [number, number] = [0, 0];
  readonly #silent: [boolean, boolean] = [false, false];
  /** Who knows that it is over. */
  readonly #told: [boolean, boolean] = [false, false];
  #forgetKills: (() => void)[] = [];

  constructor(net: Net, scheduler: Scheduler) {
    this.#net = net;
    this.#scheduler = scheduler;
  }

  join(near: End, far: End): void {
    this.#ends = [near, far];
    for (const side of [0, 1] as const) {
      const gone = (how: 'crash' | 'power'): void => {
        // Whose power goes says nothing; the others find out by themselves.
        if (how === 'power') this.#fallSilent(true, true);
        else this.#end('the other process ended');
      };
      this.#forgetKills.push((side === 0 ? near : far).lane.onKill(gone));
    }
  }

  send(from: 0 | 1, frame: string): void {
    if (this.#over || !this.#ends) return;
    if (this.#ends[from].lane.state === 'dead') return;
    const fate = this.#net.fate();
    if (fate === 'breaks') this.#end('the connection broke');
    if (this.#over) return;
    if (fate === 'silence')
      this.#fallSilent(from === 0 || !this.#net.oneWay(), from === 1 || !this.#net.oneWay());
    if (this.#silent[from]) return;
    this.#deliver(from, frame);
    // The welcome opens a connection and is the one frame that no carrier of ours repeats.
    if (fate === 'twice' && !frame.includes('"type":"welcome"') && !frame.includes('"type":"hello"')) {
      this.#deliver(from, frame);
    }
  }

  close(from: 0 | 1, reason: string): void {
    if (this.#over || !this.#ends) return;
    if (this.#silent[from]) {
      // The other side never hears of it; for us it is over.
      const near = this.#ends[from];
      this.#scheduler.after(1, near.lane, 'closed', () => near.closed(reason));
      const far = this.#ends[from === 0 ? 1 : 0];
      this.#scheduler.after(SILENT_MS, far.lane, 'closed', () => far.closed('the connection timed out'));
      this.#finish();
    } else this.#end(reason);
  }

  healed(): void {
    if (this.#silent[0] || this.#silent[1]) this.#end('the connection was silent');
  }

  #deliver(from: 0 | 1, frame: string): void {
    const side = from === 0 ? 1 : 0;
    const to = this.#ends?.[side];
    if (!to) return;
    const at = Math.max(this.#lastAt[from] + 0.001, this.#scheduler.nowMs + this.#net.latency());
    this.#lastAt[from] = at;
    this.#scheduler.after(at - this.#scheduler.nowMs, to.lane, 'frame', () => {
      if (!this.#over || (this.#net.drains && !this.#told[side])) to.message(frame);
    });
  }

  #fallSilent(near: boolean, far: boolean): void {
    const already = this.#silent[0] || this.#silent[1];
    this.#silent[0] ||= near;
    this.#silent[1] ||= far;
    if (!already) this.#scheduler.after(SILENT_MS, null, 'silence ends', () => this.#end('timed out'));
  }

  #end(reason: string): void {
    if (this.#over || !this.#ends) return;
    for (const [side, end] of this.#ends.entries()) {
      this.#scheduler.after(this.#net.latency(), end.lane, 'closed', () => {
        this.#told[side === 0 ? 0 : 1] = true;
        end.closed(reason);
      });
    }
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    for (const forget of this.#forgetKills) forget();
    this.#forgetKills = [];
    this.#net.forget(this);
  }
}
