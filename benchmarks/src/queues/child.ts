/** A process that is told what to do, one order after another, and answers each. It ends with the benchmark. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { CellContext } from '../cell.ts';
import { fromRoot } from '../support/paths.ts';

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

export class OrderedProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(script: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [fromRoot(script), ...args], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: unknown) => this.#answered(message));
    this.#child.once('exit', (code) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`${script} ended with exit code ${code}`));
      this.#waiting.clear();
    });
  }

  /** @param script from the root of the repository */
  static async start(
    context: Pick<CellContext, 'atEnd'>,
    script: string,
    ...args: readonly string[]
  ): Promise<OrderedProcess> {
    const started = new OrderedProcess(script, args);
    context.atEnd(() => started.end());
    await new Promise((resolve, reject) => started.#waiting.set(0, { resolve, reject }));
    return started;
  }

  tell(order: string, options: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, order, options });
    });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #answered(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('id' in message)) return;
    const waiting = this.#waiting.get(Number(message.id));
    this.#waiting.delete(Number(message.id));
    if ('error' in message) waiting?.reject(new Error(String(message.error)));
    else waiting?.resolve('answer' in message ? message.answer : null);
  }
}
