/** A Node process under observation. It ends with the benchmark, however the benchmark ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CellContext } from '../cell.ts';
import { forgetPeak, isMemorySample, type MemorySample, readPeak } from './memory.ts';
import { fromRoot } from './paths.ts';

export interface Program {
  readonly name: string;
  /** A built script, from the root of the repository. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Sizes in bytes. */
export type MemorySizes = Omit<MemorySample, 'collected'>;

/** Before, at the peak of, and after a stretch of work. */
export interface MemoryReading {
  readonly before: MemorySizes;
  readonly peak: MemorySizes;
  readonly after: MemorySizes;
  /** What the heap holds without garbage: what grows here was kept. */
  readonly heldBefore: number;
  readonly heldAfter: number;
  /** Samples that the peak was seen in; the resident one is exact where the system keeps it. */
  readonly samples: number;
}

const STOP_WITHIN_MS = 15_000;
const LAST_LINES = 20;

export class ObservedProcess {
  readonly #child: ChildProcess;
  readonly #program: Program;
  readonly #lastLines: string[] = [];
  readonly #exited: Promise<unknown>;
  #samples: MemorySample[] = [];

  private constructor(program: Program) {
    this.#program = program;
    const probe = new URL('./memory-probe.js', import.meta.url).href;
    // The channel that carries the samples also tells the program when the benchmark is gone.
    this.#child = spawn(
      process.execPath,
      ['--import', probe, fromRoot(program.script), ...(program.args ?? [])],
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, ...program.env }, detached: true },
    );
    this.#exited = once(this.#child, 'exit');
    this.#child.on('message', (message: unknown) => {
      if (isMemorySample(message)) this.#samples.push(message);
    });
    if (this.#child.stderr !== null) {
      createInterface({ input: this.#child.stderr }).on('line', (line) => {
        this.#lastLines.push(line);
        if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
      });
    }
  }

  /** @returns the process and the JSON line in which it said that it is ready. */
  static async start(
    program: Program,
    context: CellContext,
  ): Promise<{ process: ObservedProcess; ready: Readonly<Record<string, unknown>> }> {
    const observed = new ObservedProcess(program);
    context.atEnd(() => observed.#stop());
    const ready = await Promise.race([readyLine(observed.#child), observed.died()]);
    return { process: observed, ready };
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Says something to the program; it hears it as a message of its parent. */
  tell(message: Readonly<Record<string, unknown>>): void {
    this.#child.send(message);
  }

  /** Hears what the program says to its parent, the samples of its memory aside. */
  hear(listener: (message: Readonly<Record<string, unknown>>) => void): void {
    this.#child.on('message', (message: unknown) => {
      if (typeof message === 'object' && message !== null && !isMemorySample(message))
        listener({ ...message });
    });
  }

  /** Rejects when the process ends, saying what it said last. */
  async died(): Promise<never> {
    await this.#exited;
    const said = this.#lastLines.join('\n  ');
    throw new Error(
      `${this.#program.name} ended with exit code ${this.#child.exitCode}; it said:\n  ${said}`,
    );
  }

  /** Does the work and says how much memory this process took meanwhile. */
  async observe(work: () => Promise<void>, settleMs: number): Promise<MemoryReading> {
    const { pid } = this;
    this.#child.send('look');
    const heldBefore = (await this.#withoutGarbage()).heapUsed;
    await sleep(settleMs);
    const before = this.#last();
    const exact = await forgetPeak(pid);
    this.#samples = [];
    await Promise.race([work(), this.died()]);
    await sleep(settleMs);
    const seen = this.#samples;
    const most = (size: keyof MemorySizes): number => seen.reduce((max, one) => Math.max(max, one[size]), 0);
    const kept = exact ? await readPeak(pid) : null;
    const peak = { rss: kept ?? most('rss'), heapUsed: most('heapUsed'), external: most('external') };
    const after = this.#last();
    const heldAfter = (await this.#withoutGarbage()).heapUsed;
    return { before, peak, after, heldBefore, heldAfter, samples: seen.length };
  }

  /** What it takes once nothing more can be collected: some garbage is only seen when other garbage is gone. */
  async settled(settleMs: number): Promise<MemorySizes> {
    await this.#withoutGarbage();
    await sleep(settleMs);
    await this.#withoutGarbage();
    await sleep(settleMs);
    return this.#withoutGarbage();
  }

  async #withoutGarbage(): Promise<MemorySample> {
    const collected = new Promise<MemorySample>((resolve) => {
      const listen = (message: unknown): void => {
        if (!isMemorySample(message) || !message.collected) return;
        this.#child.off('message', listen);
        resolve(message);
      };
      this.#child.on('message', listen);
    });
    this.#child.send('collect-garbage');
    return Promise.race([collected, this.died()]);
  }

  #last(): MemorySample {
    const last = this.#samples.at(-1);
    if (last === undefined) throw new Error(`${this.#program.name} told nothing about its memory`);
    return last;
  }

  async #stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    const patience = new AbortController();
    const late = sleep(STOP_WITHIN_MS, 'late', { signal: patience.signal }).catch(() => 'stopped');
    if ((await Promise.race([this.#exited, late])) === 'late') this.#child.kill('SIGKILL');
    patience.abort();
    await this.#exited;
  }
}

async function readyLine(child: ChildProcess): Promise<Readonly<Record<string, unknown>>> {
  if (child.stdout === null) throw new Error('a process without stdout');
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      const value = parseLine(line);
      if (value?.ready === true || value?.event === 'ready') resolve(value);
    });
  });
}

function parseLine(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
