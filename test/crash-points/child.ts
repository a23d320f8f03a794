/** One process of ours that is told where to die, and is started again. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export class Child {
  readonly #script: string;
  readonly #env: Record<string, string>;
  readonly #logFile: string;
  #process: ChildProcess | null = null;
  #ended: Promise<NodeJS.Signals | number | null> = Promise.resolve(null);

  constructor(script: string, env: Record<string, string>, logFile: string) {
    this.#script = fileURLToPath(new URL(script, import.meta.url));
    this.#env = env;
    this.#logFile = logFile;
  }

  /** Resolves with what it says of itself when it is ready. */
  async start(): Promise<unknown> {
    const log = openSync(this.#logFile, 'a');
    const child = fork(this.#script, [], {
      env: { ...process.env, ...this.#env },
      stdio: ['ignore', log, log, 'ipc'],
      execArgv: [],
    });
    this.#process = child;
    this.#ended = once(child, 'exit').then(([code, signal]) => {
      if (this.#process === child) this.#process = null;
      return signal ?? code;
    });
    const ready = new Promise<unknown>((resolve) => {
      child.on('message', (said) => {
        if (typeof said === 'object' && said !== null && 'ready' in said) resolve(said.ready);
      });
    });
    const ended = this.#ended.then((end) => {
      throw new Error(`${this.#script} ended with ${end} before it was ready; see ${this.#logFile}`);
    });
    ended.catch(() => {});
    return Promise.race([ready, ended]);
  }

  get runs(): boolean {
    return this.#process !== null;
  }

  /** How it ended: the signal or the exit code. */
  get ended(): Promise<NodeJS.Signals | number | null> {
    return this.#ended;
  }

  tell(message: { readonly arm: string } | { readonly refuse: true }): void {
    this.#process?.send(message, () => {});
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#ended;
  }
}
