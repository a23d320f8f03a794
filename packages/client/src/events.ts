/** What a client tells its program, for logs, metrics and health checks. */
import type { CollectCommand, ClientMessageBody, ErrorCode, FixItem, FixResult } from '@piculus/protocol';
import type { Logger } from './logger.ts';
import { describeError } from './masking/text.ts';

/**
 * `new`: not started; `connecting`; `online`; `waiting`: between two tries to connect; `stopping`: finishes what
 * runs; `stopped`.
 */
export type ClientState = 'new' | 'connecting' | 'online' | 'waiting' | 'stopping' | 'stopped';

export type ClientEvent =
  /** `detail` says why, where there is a reason. */
  | { readonly type: 'state'; readonly state: ClientState; readonly detail: string }
  /** The connection stands; `sysCode` is the system that the key belongs to. */
  | { readonly type: 'welcome'; readonly sysCode: string }
  /** A message of the server could not be read and was refused. */
  | { readonly type: 'refused-message'; readonly code: ErrorCode; readonly detail: string }
  /**
   * The server's keys, vouched for by a key that is trusted. `untrusted` are those that this client does not trust
   * yet: put all of `keys` into its configuration before the server uses them.
   */
  | { readonly type: 'server-keys'; readonly keys: readonly string[]; readonly untrusted: readonly string[] }
  /** A command ended; `result` is null where it was given up without an answer. */
  | { readonly type: 'fix-finished'; readonly item: FixItem; readonly result: FixResult | null }
  /** A collect ended; `done` is null where it was given up without an answer. */
  | {
      readonly type: 'collect-finished';
      readonly command: CollectCommand;
      readonly done: ClientMessageBody<'collect-done'> | null;
    };

export type ClientListener = (event: ClientEvent) => void;

export class Listeners {
  readonly #listeners = new Set<ClientListener>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @returns a function that removes the listener again. */
  add(listener: ClientListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** A listener that throws is logged and disturbs nobody. */
  tell(event: ClientEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#log.error({ event: event.type, error: describeError(error) }, 'a listener failed');
      }
    }
  }
}
