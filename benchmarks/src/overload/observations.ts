/** What was seen in each stretch of the overload cell. */
import type { ObservedProcess } from '../support/process.ts';

export type Phase = 'warm-up' | 'maximum' | 'quiet' | 'before' | 'overload' | 'after' | 'end';

export interface PhaseFigures {
  /** Problems acknowledged. */
  readonly perSecond: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  /** Of the collectors' time, the part that they waited for room: back-pressure. */
  readonly heldUpPart: number;
  readonly lists: number;
  readonly listsFailed: number;
  readonly listP50Ms: number;
  readonly listP99Ms: number;
}

/** A report of problems that was acknowledged. Times are ms since the epoch. */
interface Wait {
  readonly sentAt: number;
  readonly ms: number;
  readonly problems: number;
}

interface Stretch {
  readonly phase: Phase;
  readonly from: number;
  to: number;
  readonly heldUpFrom: number;
  heldUpTo: number;
}

/** Waits next to each other whose median says how it is now. */
const NEIGHBOURS = 5;
/** As before means: no more than so many times the wait of before. */
const AS_BEFORE = 2;

export class Observations {
  readonly #waits: Wait[] = [];
  readonly #lists: { readonly at: number; readonly ms: number; readonly answered: boolean }[] = [];
  readonly #stretches: Stretch[] = [];
  #heldUpMs = 0;
  #clients = 1;
  #unacknowledged = 0;
  #produced: Readonly<Record<string, number>> = {};
  #heard = (): void => {};

  constructor(clients: ObservedProcess) {
    clients.hear((message) => {
      const { waits, heldUpMs, produced } = message;
      if (!Array.isArray(waits) || typeof heldUpMs !== 'number' || typeof produced !== 'object') return;
      this.#waits.push(...waits.filter(isWait));
      this.#heldUpMs = heldUpMs;
      this.#unacknowledged = Number(message.unacknowledged);
      this.#produced = Object.fromEntries(
        Object.entries(produced ?? {}).map(([code, n]) => [code, Number(n)]),
      );
      this.#clients = Math.max(1, Object.keys(this.#produced).length);
      this.#heard();
    });
  }

  enter(phase: Phase): void {
    this.#leave();
    const now = Date.now();
    const heldUp = this.#heldUpMs;
    this.#stretches.push({ phase, from: now, to: now, heldUpFrom: heldUp, heldUpTo: heldUp });
  }

  listed(ms: number, answered: boolean): void {
    this.#lists.push({ at: Date.now(), ms, answered });
    this.#leave();
  }

  /** How many problems each system's collector has found in all; waits for news, so that it is the last word. */
  async produced(): Promise<Readonly<Record<string, number>>> {
    for (let times = 0; times < 2; times += 1)
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    return this.#produced;
  }

  /** Waits until as many reports were acknowledged as there are clients, so that all is under way. */
  async reported(): Promise<void> {
    while (this.#waits.length < this.#clients)
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
  }

  /** Waits until nothing is on its way any more. */
  async quiet(): Promise<void> {
    do await this.produced();
    while (this.#unacknowledged > 0);
  }

  figures(phase: Phase): PhaseFigures {
    const { from, to, heldUpFrom, heldUpTo } = this.#stretch(phase);
    const seconds = Math.max(1, to - from) / 1_000;
    const acknowledged = this.#waits.filter(({ sentAt, ms }) => sentAt + ms >= from && sentAt + ms < to);
    const waited = acknowledged.map(({ ms }) => ms);
    const lists = this.#lists.filter(({ at }) => at >= from && at < to);
    const listMs = lists.map(({ ms }) => ms);
    return {
      perSecond: acknowledged.reduce((sum, { problems }) => sum + problems, 0) / seconds,
      ackP50Ms: quantile(waited, 0.5),
      ackP99Ms: quantile(waited, 0.99),
      heldUpPart: (heldUpTo - heldUpFrom) / (seconds * 1_000 * this.#clients),
      lists: lists.length,
      listsFailed: lists.filter(({ answered }) => !answered).length,
      listP50Ms: quantile(listMs, 0.5),
      listP99Ms: quantile(listMs, 0.99),
    };
  }

  /** @returns seconds from the beginning of `after` until reports wait as they did in `before`, or null. */
  recoveredAfterSeconds(before: Phase, after: Phase): number | null {
    const limit = this.figures(before).ackP50Ms * AS_BEFORE;
    const { from, to } = this.#stretch(after);
    const later = this.#waits
      .filter(({ sentAt, ms }) => sentAt + ms >= from && sentAt < to)
      .sort((a, b) => a.sentAt - b.sentAt);
    const index = later.findIndex(
      (_, at) =>
        quantile(
          later.slice(at, at + NEIGHBOURS).map(({ ms }) => ms),
          0.5,
        ) <= limit,
    );
    const first = later[index];
    return first === undefined ? null : Math.max(0, first.sentAt + first.ms - from) / 1_000;
  }

  #leave(): void {
    const current = this.#stretches.at(-1);
    if (current === undefined) return;
    current.to = Date.now();
    current.heldUpTo = this.#heldUpMs;
  }

  #stretch(phase: Phase): Stretch {
    const found = this.#stretches.find((stretch) => stretch.phase === phase);
    if (found === undefined) throw new Error(`there was no ${phase}`);
    if (found === this.#stretches.at(-1)) this.#leave();
    return found;
  }
}

function isWait(value: unknown): value is Wait {
  if (typeof value !== 'object' || value === null) return false;
  const { sentAt, ms, problems } = value as Partial<Record<keyof Wait, unknown>>;
  return typeof sentAt === 'number' && typeof ms === 'number' && typeof problems === 'number';
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
