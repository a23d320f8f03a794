/**
 * Names of prepared statements, kept apart by connection. The engine has one session for all, so that the second
 * connection which prepares under a name would find it taken, or run what somebody else meant by it.
 */
import * as wire from './wire.ts';

/** Where the name of a statement stands in a message: behind the header, or what comes before it. */
const HEADER = 5;
const OF_STATEMENT = 'S'.charCodeAt(0);

export class StatementNames {
  readonly #prefix: Buffer;
  readonly #held = new Set<string>();

  constructor(connectionId: number) {
    this.#prefix = Buffer.from(`c${connectionId}_`);
  }

  /** The same message about this connection's own statement; one without a name stays as it is. */
  ownIn(type: string, bytes: Buffer): Buffer {
    const at = nameIn(type, bytes);
    if (at === null || bytes[at] === 0) return bytes;
    const end = bytes.indexOf(0, at);
    if (end < 0) throw new wire.WireError('a name without an end');
    const name = bytes.toString('latin1', at, end);
    if (type === 'P') this.#held.add(name);
    if (type === 'C') this.#held.delete(name);
    return wire.message(type, bytes.subarray(HEADER, at), this.#prefix, bytes.subarray(at));
  }

  /** What gives all of them back once the connection has ended; null where there are none. */
  closing(): Buffer | null {
    if (this.#held.size === 0) return null;
    const closes = [...this.#held].map((name) =>
      wire.message('C', Buffer.from('S'), this.#prefix, Buffer.from(`${name}\0`, 'latin1')),
    );
    return Buffer.concat([...closes, wire.SYNC]);
  }
}

/** @returns where the name of a statement begins; null where the message has none. */
function nameIn(type: string, bytes: Buffer): number | null {
  if (type === 'P') return HEADER;
  // Bind names a portal first. Portals end with their transaction, which no other connection can enter.
  if (type === 'B') return bytes.indexOf(0, HEADER) + 1;
  if (type === 'D' || type === 'C') return bytes[HEADER] === OF_STATEMENT ? HEADER + 1 : null;
  return null;
}
