/** Questions to one client that it answers with a message of its own. */
import { PiculusError } from '@piculus/protocol';
import type { Clock } from '../base/clock.ts';

interface Waiting<R> {
  readonly resolve: (result: R) => void;
  readonly reject: (error: PiculusError) => void;
}

export class Questions<R> {
  readonly #waiting = new Map<string, Waiting<R>>();

  /** @throws PiculusError what `send` throws, `no-client` where the connection ends, `busy` after the timeout. */
  async ask(
    id: string,
    options: { readonly clock: Clock; readonly timeoutMs: number; readonly send: () => Promise<void> },
  ): Promise<R> {
    const done = new AbortController();
    const answer = new Promise<R>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    // A refusal of the message ends the question; an acknowledgement alone does not answer it.
    const refusal = options.send().then(() => answer);
    const timeout = options.clock.sleep(options.timeoutMs, done.signal).then(() => {
      throw new PiculusError('busy', 'the client did not answer in time');
    });
    try {
      return await Promise.race([answer, refusal, timeout]);
    } finally {
      this.#waiting.delete(id);
      // The losers of the race may still reject, with nobody listening.
      for (const loser of [answer, refusal, timeout]) loser.catch(() => {});
      done.abort();
    }
  }

  /** @returns false where nobody waits for it any more. */
  answered(id: string, result: R): boolean {
    const waiting = this.#waiting.get(id);
    waiting?.resolve(result);
    return waiting !== undefined;
  }

  /** Ends the question with that refusal. @returns false where nobody waits for it any more. */
  refused(id: string, error: PiculusError): boolean {
    const waiting = this.#waiting.get(id);
    waiting?.reject(error);
    return waiting !== undefined;
  }

  close(): void {
    for (const waiting of this.#waiting.values())
      waiting.reject(new PiculusError('no-client', 'the connection ended'));
    this.#waiting.clear();
  }
}
