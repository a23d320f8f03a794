/**
 * Virtual time: one heap of events, and one of them at a time. After each, everything that became ready through it
 * has run before the next begins. A lane is a process: what belongs to a dead one never happens, and what belongs to
 * a frozen one waits.
 */
import { createHash } from 'node:crypto';
import type { Random } from './random.ts';

interface Entry {
  readonly at: number;
  readonly tie: number;
  readonly order: number;
  readonly lane: Lane | null;
  readonly name: string;
  run(): void;
}

/** The first day of every simulation. */
export const EPOCH_MS = Date.parse('2026-01-05T00:00:00.000Z');

export class Scheduler {
  /** Virtual ms since the start. */
  nowMs = 0;
  events = 0;
  /** Called where a lane is about to wait for the world; may kill or freeze it there. */
  atTurn: ((lane: Lane, name: string) => void) | null = null;
  readonly #heap: Entry[] = [];
  readonly #ties: Random;
  #hash = createHash('sha256');
  #order = 0;

  constructor(ties: Random) {
    this.#ties = ties;
  }

  /** Runs something later; not at all where the lane is dead by then. */
  after(ms: number, lane: Lane | null, name: string, run: () => void): void {
    this.#order += 1;
    const entry = {
      at: this.nowMs + Math.max(0, ms),
      tie: this.#ties.next(),
      order: this.#order,
      lane,
      name,
      run,
    };
    push(this.#heap, entry);
  }

  /** Puts something into the hash of this run that no event shows. */
  note(text: string): void {
    this.#hash.update(text);
  }

  hash(): string {
    return this.#hash.copy().digest('hex').slice(0, 32);
  }

  /** Until the time, or until `done` says so. @param checked called after each event that happened. */
  async run(untilMs: number, checked: () => void, done: () => boolean = () => false): Promise<void> {
    while (!done()) {
      const entry = this.#heap[0];
      if (entry === undefined || entry.at > untilMs) break;
      pop(this.#heap);
      this.nowMs = entry.at;
      const { lane } = entry;
      if (lane?.state === 'dead') continue;
      if (lane?.state === 'frozen') {
        lane.park(entry.name, entry.run);
        continue;
      }
      this.events += 1;
      this.#hash.update(`${entry.at.toFixed(3)} ${lane?.name ?? ''} ${entry.name}\n`);
      entry.run();
      await new Promise((resolve) => setImmediate(resolve));
      checked();
    }
    if (!done()) this.nowMs = Math.max(this.nowMs, untilMs);
  }
}

export class Lane {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly random: Random;
  state: 'up' | 'frozen' | 'dead' = 'up';
  /** How far its wall clock is from the virtual time, in ms. */
  skewMs = 0;
  frozenAt = 0;
  readonly #killed = new Set<(how: 'crash' | 'power') => void>();
  #parked: { name: string; run: () => void }[] = [];

  constructor(scheduler: Scheduler, name: string, random: Random) {
    this.scheduler = scheduler;
    this.name = name;
    this.random = random;
  }

  /** One step into the world: goes on as an event of its own, or never where the process ends before. */
  turn(name: string, maxMs = 2): Promise<void> {
    this.scheduler.atTurn?.(this, name);
    return new Promise((resolve) => {
      if (this.state !== 'dead') {
        this.scheduler.after(0.05 + this.random.next() * maxMs, this, name, resolve);
      }
    });
  }

  /** As SIGKILL, or as the power going: then nobody is told. */
  kill(how: 'crash' | 'power' = 'crash'): void {
    if (this.state === 'dead') return;
    this.state = 'dead';
    this.#parked = [];
    for (const tell of [...this.#killed]) tell(how);
    this.#killed.clear();
  }

  /** As SIGSTOP. */
  freeze(): void {
    if (this.state !== 'up') return;
    this.state = 'frozen';
    this.frozenAt = this.scheduler.nowMs;
  }

  thaw(): void {
    if (this.state !== 'frozen') return;
    this.state = 'up';
    const parked = this.#parked;
    this.#parked = [];
    // In the order in which they would have come.
    for (const [at, { name, run }] of parked.entries()) this.scheduler.after(at * 0.001, this, name, run);
  }

  park(name: string, run: () => void): void {
    this.#parked.push({ name, run });
  }

  /** @returns a function that forgets it again. */
  onKill(tell: (how: 'crash' | 'power') => void): () => void {
    this.#killed.add(tell);
    return () => this.#killed.delete(tell);
  }
}

function before(a: Entry, b: Entry): boolean {
  if (a.at !== b.at) return a.at < b.at;
  return a.tie === b.tie ? a.order < b.order : a.tie < b.tie;
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !before(entry, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
    if (left === undefined) break;
    const takeRight = right !== undefined && before(right, left);
    const child = takeRight ? right : left;
    if (!before(child, last)) break;
    heap[at] = child;
    at = 2 * at + (takeRight ? 2 : 1);
  }
  heap[at] = last;
}
