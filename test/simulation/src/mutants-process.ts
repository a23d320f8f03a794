/** A process that tries mutants, and how it is asked. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer } from './mutants-worker.ts';

const WORKER = fileURLToPath(new URL('./mutants-worker.js', import.meta.url));

export class MutantsProcess {
  readonly #child: ChildProcess = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });

  /** One question at a time. @throws Error where the process ends before it has answered. */
  ask(args: readonly string[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const ended = (): void => {
        reject(new Error(`the simulation ended early: ${args.join(' ')}`));
      };
      child.once('exit', ended);
      child.once('message', (said) => {
        child.off('exit', ended);
        const caught = has(said, 'caught') && typeof said.caught === 'string' ? said.caught : null;
        const seed = has(said, 'seed') && typeof said.seed === 'number' ? said.seed : null;
        resolve({ caught, seed });
      });
      child.send([...args]);
    });
  }

  /** Lets it end. */
  leave(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

function has<Key extends string>(said: unknown, key: Key): said is Record<Key, unknown> {
  return typeof said === 'object' && said !== null && key in said;
}
