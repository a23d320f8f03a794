/**
 * The little of the PostgreSQL wire protocol that the front door must understand: where messages begin and
 * end, the start of a connection, and the status byte that says whether a transaction is open.
 * Source: PostgreSQL documentation, "Frontend/Backend Protocol".
 */

/** Larger messages are refused; PostgreSQL's own limit is 1 GB, a WebAssembly database breaks long before. */
export const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

const PROTOCOL_3 = 3;
const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;

export class WireError extends Error {}

export type Opening =
  | { readonly kind: 'startup' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'encryption' };

/** Collects bytes of one connection and gives them back message by message. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** The first message of a connection has no type byte. @returns null while it is not complete. */
  takeOpening(): Opening | null {
    const header = this.#peek(8);
    if (header === null) return null;
    const length = header.readInt32BE(0);
    if (length < 8 || length > 10_000) throw new WireError('not a PostgreSQL client');
    if (this.#take(length) === null) return null;
    const code = header.readInt32BE(4);
    if (code === CANCEL_REQUEST) return { kind: 'cancel' };
    if (code === SSL_REQUEST || code === GSS_REQUEST) return { kind: 'encryption' };
    if (code >> 16 !== PROTOCOL_3) throw new WireError('only protocol version 3 is spoken here');
    return { kind: 'startup' };
  }

  /** One whole message with its type byte. @returns null while it is not complete. */
  takeMessage(): { readonly type: string; readonly bytes: Buffer } | null {
    const header = this.#peek(5);
    if (header === null) return null;
    const length = header.readInt32BE(1);
    if (length < 4 || length > MAX_MESSAGE_BYTES)
      throw new WireError(`a message of ${length} bytes is not allowed`);
    const bytes = this.#take(length + 1);
    return bytes === null ? null : { type: String.fromCharCode(bytes[0] ?? 0), bytes };
  }

  #peek(count: number): Buffer | null {
    if (this.#size < count) return null;
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= count) return first;
    return this.#join();
  }

  #join(): Buffer {
    const all = Buffer.concat(this.#chunks, this.#size);
    this.#chunks = [all];
    return all;
  }

  #take(count: number): Buffer | null {
    // Large messages arrive in many chunks; joining only when all is there keeps the cost linear.
    if (this.#size < count) return null;
    const all = this.#chunks.length === 1 && this.#chunks[0] !== undefined ? this.#chunks[0] : this.#join();
    const taken = all.subarray(0, count);
    const rest = all.subarray(count);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return taken;
  }
}

/** `I` idle, `T` in a transaction, `E` in a failed one; null where the answer does not end a unit of work. */
export function statusOf(answer: Uint8Array): 'I' | 'T' | 'E' | null {
  const end = answer.length;
  if (end < 6 || answer[end - 6] !== 0x5a || answer[end - 2] !== 5) return null;
  const status = String.fromCharCode(answer[end - 1] ?? 0);
  return status === 'I' || status === 'T' || status === 'E' ? status : null;
}

export function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(5);
  header.write(type, 0, 'latin1');
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

export const text = (value: string): Buffer => Buffer.from(`${value}\0`);
export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const query = (sql: string): Buffer => message('Q', text(sql));
export const SYNC = message('S');
export const NO_ENCRYPTION = Buffer.from('N');
export const ASK_PASSWORD = message('R', int32(3));

/** Everything a client waits for after its password was right. */
export function welcome(serverVersion: string, connectionId: number): Buffer {
  const parameters: Readonly<Record<string, string>> = {
    server_version: serverVersion,
    server_encoding: 'UTF8',
    client_encoding: 'UTF8',
    DateStyle: 'ISO, MDY',
    IntervalStyle: 'postgres',
    TimeZone: 'UTC',
    integer_datetimes: 'on',
    standard_conforming_strings: 'on',
  };
  return Buffer.concat([
    message('R', int32(0)),
    ...Object.entries(parameters).map(([name, value]) => message('S', text(name), text(value))),
    message('K', int32(connectionId), int32(0)),
    message('Z', Buffer.from('I')),
  ]);
}

/** A fatal error in PostgreSQL's own form, so that drivers show it as one. */
export function fatal(sqlState: string, detail: string): Buffer {
  const field = (code: string, value: string): Buffer => Buffer.concat([Buffer.from(code), text(value)]);
  return message(
    'E',
    field('S', 'FATAL'),
    field('V', 'FATAL'),
    field('C', sqlState),
    field('M', detail),
    Buffer.from([0]),
  );
}
