/** The operating system processes of the demo: started one by one, stopped in the reverse order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Clock, systemClock } from '../shared/clock.ts';
import { DemoError } from './demo-error.ts';

export interface Program {
  /** Shown to people, and the name of its log file. */
  readonly name: string;
  /** Absolute path of a built script. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Added to the environment of the demo. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the program says nothing on stdout when it is ready: asked until it answers true. */
  readonly isReady?: () => Promise<boolean>;
}

const READY_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 10_000;
const POLL_MS = 100;
const LAST_LINES = 15;

interface Running {
  readonly program: Program;
  readonly process: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly lastLines: string[];
  /** Its end is no accident. */
  killed: boolean;
}

export class Children {
  readonly #logFolder: string;
  readonly #clock: Clock;
  readonly #running: Running[] = [];
  readonly #died = new AbortController();
  #stopping = false;

  constructor(logFolder: string, clock: Clock = systemClock) {
    this.#logFolder = logFolder;
    this.#clock = clock;
    mkdirSync(logFolder, { recursive: true, mode: 0o700 });
  }

  /** Fires, with the error as its reason, when a process ends that nobody stopped. */
  get died(): AbortSignal {
    return this.#died.signal;
  }

  /** The processes that run now, for whoever wants to see or kill one. */
  get list(): ReadonlyArray<{ readonly name: string; readonly pid: number }> {
    return this.#running.map(({ program, process }) => ({ name: program.name, pid: process.pid ?? 0 }));
  }

  /** @returns the fields of the ready line, or nothing for a program that is asked. @throws DemoError */
  async start(program: Program): Promise<Readonly<Record<string, unknown>>> {
    // The built one, like the programs themselves, wherever this file itself is run from.
    const leash = pathToFileURL(fromRoot('examples/pbap/dist/demo/leash.js'));
    const child = spawn(process.execPath, ['--import', leash.href, program.script, ...(program.args ?? [])], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...program.env },
      // A group of its own: Ctrl-C in the terminal reaches the demo alone, which then stops all in order.
      detached: true,
    });
    const running = this.#watch(program, child);
    const patience = new AbortController();
    const late = this.#clock.sleep(READY_WITHIN_MS, patience.signal).then(() => 'late' as const);
    const dead = running.exited.then(() => 'dead' as const);
    const ready =
      program.isReady === undefined ? readyLine(child) : this.#ask(program.isReady, patience.signal);
    const first = await Promise.race([ready, dead, late]);
    patience.abort();
    if (first === 'dead') throw this.#ended(running);
    if (first === 'late') {
      throw new DemoError(`${program.name} was not ready after ${READY_WITHIN_MS / 1000} s`);
    }
    return first;
  }

  /**
   * Ends one process with SIGKILL, which it cannot notice, and waits until it is gone.
   * @returns its program, to be started again. @throws DemoError where none of that name runs.
   */
  async kill(name: string): Promise<Program> {
    const running = this.#running.find(({ program }) => program.name === name);
    if (running === undefined) throw new DemoError(`${name} does not run`);
    running.killed = true;
    running.process.kill('SIGKILL');
    await running.exited;
    return running.program;
  }

  /** Stops everything, last started first. May be called again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (;;) {
      const running = this.#running.at(-1);
      if (running === undefined) return;
      running.process.kill('SIGTERM');
      const patience = new AbortController();
      const late = this.#clock.sleep(STOP_WITHIN_MS, patience.signal).then(() => 'late');
      if ((await Promise.race([running.exited, late])) === 'late') running.process.kill('SIGKILL');
      patience.abort();
      await running.exited;
    }
  }

  #watch(program: Program, child: ChildProcess): Running {
    const log = createWriteStream(join(this.#logFolder, `${program.name}.log`), { flags: 'a', mode: 0o600 });
    const lastLines: string[] = [];
    const exited = once(child, 'exit');
    const running: Running = { program, process: child, exited, lastLines, killed: false };
    this.#running.push(running);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => log.write(chunk));
    }
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        lastLines.push(line);
        if (lastLines.length > LAST_LINES) lastLines.shift();
      });
    }
    // A process that is gone already cannot be written to; its exit says so.
    child.stdin?.on('error', () => {});
    void exited.then(() => {
      log.end();
      this.#running.splice(this.#running.indexOf(running), 1);
      if (!this.#stopping && !running.killed) this.#died.abort(this.#ended(running));
    });
    return running;
  }

  async #ask(isReady: () => Promise<boolean>, end: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    while (!end.aborted && !(await isReady())) await this.#clock.sleep(POLL_MS, end);
    return {};
  }

  #ended(running: Running): DemoError {
    const { exitCode, signalCode } = running.process;
    const how = signalCode === null ? `with exit code ${exitCode}` : `by ${signalCode}`;
    const said = running.lastLines.length === 0 ? '' : `; it said:\n  ${running.lastLines.join('\n  ')}`;
    return new DemoError(`${running.program.name} ended ${how}${said}`);
  }
}

/** The first line on stdout is JSON and says that the program is ready. */
async function readyLine(child: ChildProcess): Promise<Readonly<Record<string, unknown>>> {
  if (child.stdout === null) throw new DemoError('a program without stdout');
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      const value = parseLine(line);
      if (value !== null && value.ready === true) resolve(value);
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

/** @returns the absolute path of a file that is given relative to the root of the repository. */
export function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
}
