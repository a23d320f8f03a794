/**
 * One process of ours that is told where it may die, and is started again. Most of a start is the reading of code: the next
 * process does that while this one still works, and begins nothing before it is told.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Program } from './one-file.ts';

interface Loaded {
  readonly process: ChildProcess;
  /** Resolves when it has read its code and waits. */
  readonly loaded: Promise<unknown>;
  /** How it ended: the signal or the exit code. */
  readonly ended: Promise<NodeJS.Signals | number | null>;
}

export class Child {
  readonly #program: Program;
  readonly #env: Record<string, string>;
  readonly #logFile: string;
  readonly #diedAtFile: string;
  #next: Loaded | null = null;
  #process: ChildProcess | null = null;
  #ended: Promise<NodeJS.Signals | number | null> = Promise.resolve(null);

  constructor(program: Program, env: Record<string, string>, logFile: string) {
    this.#program = program;
    this.#env = env;
    this.#logFile = logFile;
    this.#diedAtFile = `${logFile}.died-at`;
  }

  /** Resolves with what it says of itself when it is ready. */
  async start(): Promise<unknown> {
    const { child, early } = await this.#take();
    const ready = told(child, 'ready');
    child.send({ begin: true });
    const said = await Promise.race([ready, early]);
    this.#next = this.#load();
    return said;
  }

  /** Begins, and knows from the first moment where to die. Resolves with how it ended. */
  async startToDie(arm: string): Promise<NodeJS.Signals | number | null> {
    const { child } = await this.#take();
    child.send({ arm: [arm] });
    child.send({ begin: true });
    this.#next = this.#load();
    return this.#ended;
  }

  /** The one that waits, which is the one that runs from now on; `early` fails when it ends. */
  async #take(): Promise<{ child: ChildProcess; early: Promise<never> }> {
    const { process: child, loaded, ended } = this.#next ?? this.#load();
    this.#next = null;
    this.#process = child;
    this.#ended = ended.then((end) => {
      if (this.#process === child) this.#process = null;
      return end;
    });
    const early = this.#ended.then((end) => {
      throw new Error(`it ended with ${end} before it was ready; see ${this.#logFile}`);
    });
    early.catch(() => {});
    await Promise.race([loaded, early]);
    return { child, early };
  }

  #load(): Loaded {
    const log = openSync(this.#logFile, 'a');
    const child = fork(this.#program.script, this.#program.args, {
      env: { ...process.env, ...this.#env, DIED_AT_FILE: this.#diedAtFile },
      stdio: ['ignore', log, log, 'ipc'],
      execArgv: [],
    });
    closeSync(log);
    const ended = once(child, 'exit').then(([code, signal]) => signal ?? code);
    return { process: child, loaded: told(child, 'loaded'), ended };
  }

  get runs(): boolean {
    return this.#process !== null;
  }

  /** How it ended: the signal or the exit code. */
  get ended(): Promise<NodeJS.Signals | number | null> {
    return this.#ended;
  }

  /** The place at which it killed itself last. */
  diedAt(): Promise<string> {
    return readFile(this.#diedAtFile, 'utf8');
  }

  /** `arm`: it dies at whichever of these places it comes to first. */
  tell(message: { arm: readonly string[] } | { refuse: 'fix' | 'collect' } | { linger: true }): void {
    this.#process?.send(message, () => {});
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#ended;
  }

  /** Also the one that waits. */
  async end(): Promise<void> {
    const next = this.#next;
    this.#next = null;
    next?.process.kill('SIGKILL');
    await Promise.all([this.kill(), next?.ended]);
  }
}

/** Resolves with what the process says under this name. */
function told(child: ChildProcess, name: string): Promise<unknown> {
  return new Promise((resolve) => {
    child.on('message', (said) => {
      if (typeof said === 'object' && said !== null && name in said) resolve(Reflect.get(said, name));
    });
  });
}
