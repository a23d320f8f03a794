/** The first exchange on a connection: hello, and the server's welcome or why there is none. */
import type { PiculusError, ServerMessageBody } from '@piculus/protocol';
import type { Clock } from '../clock.ts';
import { underSignals } from '../signals.ts';

const WELCOME_MS = 15_000;

export interface Refusal {
  readonly refusal: string;
  /** Trying again soon cannot help. */
  readonly final: boolean;
}

export interface Greeting {
  welcomed(welcome: ServerMessageBody<'welcome'>): void;
  refused(error: PiculusError): void;
  closed(reason: string): void;
  /** Resolves with what came first; a server that says nothing has refused after a while. */
  answer(clock: Clock, gone: AbortSignal): Promise<ServerMessageBody<'welcome'> | Refusal>;
}

export function greet(): Greeting {
  let settle: (answer: ServerMessageBody<'welcome'> | Refusal) => void = () => {};
  const answered = new Promise<ServerMessageBody<'welcome'> | Refusal>((resolve) => {
    settle = resolve;
  });
  return {
    welcomed: (welcome) => settle(welcome),
    refused: (error) => settle({ refusal: `${error.message} (${error.code})`, final: !error.retryable }),
    closed: (reason) => settle({ refusal: reason, final: false }),
    answer: (clock, gone) =>
      underSignals([gone], async (signal) => {
        const stopTimer = new AbortController();
        const late = underSignals([signal, stopTimer.signal], (either) =>
          clock.sleep(WELCOME_MS, either),
        ).then((): Refusal => ({ refusal: 'the server did not answer the hello', final: false }));
        const first = await Promise.race([answered, late]);
        stopTimer.abort();
        return first;
      }),
  };
}
