/** The processes of a run, each by its name: started, killed, frozen, and started again where one ends by itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromRoot } from '@piculus/example-pbap/demo/children';
import { pathToFileURL } from 'node:url';
import type { History } from './history.ts';

export interface Program {
  readonly name: string;
  /** A built script, from the root of its build; or a program with its arguments. */
  readonly script?: string;
  /** Folder of another build; this checkout's own where none is given. */
  readonly root?: string;
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  /** Whether a line of its output says that it is ready. */
  readonly isReady: (line: string) => boolean;
}

interface Running {
  readonly program: Program;
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly lastLines: string[];
  /** Somebody here ended it. */
  wanted: boolean;
  frozen: boolean;
}

const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 10_000;
const START_AGAIN_AFTER_MS = 1_000;
const LAST_LINES = 12;

export class Fleet {
  /** How often each ended without anybody here having ended it. */
  readonly endedByItself = new Map<string, number>();
  readonly #logs: string;
  readonly #history: History;
  readonly #running = new Map<string, Running>();
  #stopping = false;

  constructor(logs: string, history: History) {
    mkdirSync(logs, { recursive: true });
    this.#logs = logs;
    this.#history = history;
  }

  /** Resolves with the line that said it is ready. @throws where it ended or was silent before that. */
  async start(program: Program): Promise<string> {
    const running = this.#spawn(program);
    const late = new AbortController();
    const first = await Promise.race([
      readyLine(running.child, program.isReady),
      running.exited.then(() => null),
      sleep(READY_WITHIN_MS, null, { signal: late.signal }).catch(() => null),
    ]);
    late.abort();
    if (first === null)
      throw new Error(`${program.name} did not start:\n  ${running.lastLines.join('\n  ')}`);
    return first;
  }

  isUp(name: string): boolean {
    const running = this.#running.get(name);
    return running !== undefined && !running.frozen;
  }

  pidOf(name: string): number | null {
    return this.#running.get(name)?.child.pid ?? null;
  }

  /** SIGKILL. @returns its program, to be started again; null where it does not run. */
  async kill(name: string): Promise<Program | null> {
    const running = this.#running.get(name);
    if (running === undefined) return null;
    running.wanted = true;
    running.child.kill('SIGKILL');
    await running.exited;
    return running.program;
  }

  /** SIGSTOP. @returns false where it does not run or is frozen already. */
  freeze(name: string): boolean {
    const running = this.#running.get(name);
    if (running === undefined || running.frozen) return false;
    running.frozen = running.child.kill('SIGSTOP');
    return running.frozen;
  }

  thaw(name: string): void {
    const running = this.#running.get(name);
    if (running === undefined || !running.frozen) return;
    running.child.kill('SIGCONT');
    running.frozen = false;
  }

  /** Asks it to end, as an operator does, and kills it where it has not after `withinMs`. */
  async stop(name: string, withinMs = STOP_WITHIN_MS): Promise<Program | null> {
    const running = this.#running.get(name);
    if (running === undefined) return null;
    running.wanted = true;
    this.thaw(name);
    running.child.kill('SIGTERM');
    const patience = new AbortController();
    const late = sleep(withinMs, 'late', { signal: patience.signal }).catch(() => 'stopped');
    if ((await Promise.race([running.exited.then(() => 'stopped'), late])) === 'late')
      running.child.kill('SIGKILL');
    patience.abort();
    await running.exited;
    return running.program;
  }

  async stopAll(): Promise<void> {
    this.#stopping = true;
    for (const name of [...this.#running.keys()].reverse()) await this.stop(name);
  }

  #spawn(program: Program): Running {
    const leash = pathToFileURL(fromRoot('examples/pbap/dist/demo/leash.js')).href;
    const [command, args] =
      program.script === undefined
        ? [program.command ?? '', program.args ?? []]
        : [
            process.execPath,
            ['--import', leash, join(program.root ?? fromRoot('.'), program.script), ...(program.args ?? [])],
          ];
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...program.env },
      // A group of its own: Ctrl-C in the terminal reaches this program alone, which then stops all in order.
      detached: true,
      ...(program.uid === undefined ? {} : { uid: program.uid }),
      ...(program.gid === undefined ? {} : { gid: program.gid }),
    });
    const running: Running = {
      program,
      child,
      exited: once(child, 'exit'),
      lastLines: [],
      wanted: false,
      frozen: false,
    };
    this.#running.set(program.name, running);
    this.#watch(running);
    return running;
  }

  #watch(running: Running): void {
    const { program, child, lastLines } = running;
    const log: WriteStream = createWriteStream(join(this.#logs, `${program.name}.log`), { flags: 'a' });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      stream.on('data', (chunk: Buffer) => log.write(chunk));
      createInterface({ input: stream }).on('line', (line) => {
        lastLines.push(line);
        if (lastLines.length > LAST_LINES) lastLines.shift();
      });
    }
    child.stdin?.on('error', () => {});
    void running.exited.then(() => {
      log.end();
      if (this.#running.get(program.name) === running) this.#running.delete(program.name);
      if (!this.#stopping && !running.wanted) this.#startAgain(running);
    });
  }

  /** As a service manager does with a process that ends by itself. */
  #startAgain(running: Running): void {
    const { name } = running.program;
    const { exitCode, signalCode } = running.child;
    this.endedByItself.set(name, (this.endedByItself.get(name) ?? 0) + 1);
    this.#history.tell('a process ended by itself', {
      name,
      exitCode,
      signalCode,
      said: running.lastLines.slice(-3).join(' | ').slice(0, 600),
    });
    setTimeout(() => {
      if (this.#stopping || this.#running.has(name)) return;
      this.start(running.program).catch((error: unknown) =>
        this.#history.note('a process did not start again', { name, reason: String(error) }),
      );
    }, START_AGAIN_AFTER_MS).unref();
  }
}

function readyLine(child: ChildProcess, isReady: (line: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        if (isReady(line)) resolve(line);
      });
    }
  });
}

/** Whether a line is a JSON object with these fields. */
export function saysReady(line: string, field: string, value: unknown): boolean {
  try {
    const told: unknown = JSON.parse(line);
    return typeof told === 'object' && told !== null && Reflect.get(told, field) === value;
  } catch {
    return false;
  }
}
