/**
 * A TCP door in front of a PGlite: ordinary PostgreSQL drivers connect to it. Why it is our own and not
 * pglite-socket: docs/decisions/embedded-front-door.md.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { type Guest, type ProtocolEngine, SharedSession } from './session.ts';
import { StatementNames } from './statement-names.ts';
import * as wire from './wire.ts';

export interface FrontDoorOptions {
  readonly engine: ProtocolEngine;
  readonly serverVersion: string;
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Anybody on the machine can reach a loopback port, so that a password is asked for. */
  readonly password: string;
  /** A connection that holds a transaction open without doing anything is cut after this time. */
  readonly idleInTransactionMs: number;
  /** The engine cannot be used any more. */
  readonly onBroken: (error: Error) => void;
}

export interface FrontDoor {
  readonly port: number;
  /** Cuts all connections and waits until the engine rests. */
  close(): Promise<void>;
}

export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const connections = new Set<Connection>();
  const session = new SharedSession(options.engine, options.onBroken);
  let nextId = 1;
  const server = createServer((socket) => {
    const connection = new Connection(nextId++, socket, session, options);
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  });
  const port = await listen(server, options.host, options.port);
  return {
    port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.cut('57P01', 'the database is stopping');
      await closed;
      await session.settled();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('no TCP address'));
      resolve(address.port);
    });
  });
}

/** Parse, Bind, Describe, Execute, Close: they belong to the Sync that follows. */
const BUILDS_A_UNIT = new Set(['P', 'B', 'D', 'E', 'C']);
/** A client whose COPY was refused may have sent its data already. */
const RESTS_OF_A_COPY = new Set(['d', 'c', 'f']);

type Phase = 'opening' | 'password' | 'ready';

class Connection implements Guest {
  readonly id: number;
  gone = false;
  readonly #socket: Socket;
  readonly #session: SharedSession;
  readonly #options: FrontDoorOptions;
  readonly #reader = new wire.FrameReader();
  readonly #names: StatementNames;
  #phase: Phase = 'opening';
  #unit: Buffer[] = [];
  #idle: NodeJS.Timeout | null = null;

  constructor(id: number, socket: Socket, session: SharedSession, options: FrontDoorOptions) {
    this.id = id;
    this.#socket = socket;
    this.#session = session;
    this.#options = options;
    this.#names = new StatementNames(id);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    // A reset is how a killed client ends; `close` follows and does the rest.
    socket.on('error', () => {});
    socket.once('close', () => this.#leave());
  }

  answer(bytes: Uint8Array): void {
    if (!this.gone && bytes.length > 0) this.#socket.write(bytes);
  }

  holds(holding: boolean): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    if (!holding || this.gone) return;
    this.#idle = setTimeout(
      () => this.cut('25P03', 'terminated: idle in a transaction for too long'),
      this.#options.idleInTransactionMs,
    );
    this.#idle.unref();
  }

  cut(sqlState: string, detail: string): void {
    if (this.gone) return;
    this.#socket.write(wire.fatal(sqlState, detail));
    this.#socket.destroySoon();
    this.#leave();
  }

  #leave(): void {
    if (this.gone) return;
    this.gone = true;
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#unit = [];
    this.#session.left(this, this.#names.closing());
  }

  #read(chunk: Buffer): void {
    if (this.gone) return;
    this.#reader.push(chunk);
    try {
      while (!this.gone && this.#step()) {}
    } catch (error) {
      this.cut('08P01', error instanceof Error ? error.message : 'protocol violation');
    }
  }

  /** Handles one message. @returns false where more bytes are needed first. */
  #step(): boolean {
    if (this.#phase === 'opening') return this.#open();
    const next = this.#reader.takeMessage();
    if (next === null) return false;
    if (this.#phase === 'password') this.#checkPassword(next.type, next.bytes);
    else this.#work(next.type, next.bytes);
    return true;
  }

  #open(): boolean {
    const opening = this.#reader.takeOpening();
    if (opening === null) return false;
    if (opening.kind === 'encryption') this.#socket.write(wire.NO_ENCRYPTION);
    else if (opening.kind === 'cancel') this.#socket.destroySoon();
    else {
      this.#phase = 'password';
      this.#socket.write(wire.ASK_PASSWORD);
    }
    return opening.kind !== 'cancel';
  }

  #checkPassword(type: string, bytes: Buffer): void {
    const expected = Buffer.from(this.#options.password);
    const given = bytes.subarray(5, bytes.length - 1);
    if (type !== 'p' || given.length !== expected.length || !timingSafeEqual(given, expected)) {
      this.cut('28P01', 'password authentication failed');
      return;
    }
    this.#phase = 'ready';
    this.#socket.write(wire.welcome(this.#options.serverVersion, this.id));
  }

  #work(type: string, bytes: Buffer): void {
    if (BUILDS_A_UNIT.has(type)) this.#unit.push(this.#names.ownIn(type, withoutCopy(type, bytes)));
    else if (type === 'Q') this.#submit(withoutCopy(type, bytes), false);
    else if (type === 'S') this.#submit(bytes, false);
    else if (type === 'H') this.#submit(bytes, true);
    else if (type === 'X') {
      this.#socket.destroySoon();
      this.#leave();
    } else if (!RESTS_OF_A_COPY.has(type)) {
      this.cut('08P01', `message type ${JSON.stringify(type)} is not spoken here`);
    }
  }

  #submit(last: Buffer, partial: boolean): void {
    const bytes = Buffer.concat([...this.#unit, last]);
    this.#unit = [];
    this.#session.submit(this, bytes, partial);
  }
}

const COPY_IN = /\bcopy\b[^;]*\bfrom\s+(?:stdin|program)\b/i;
const REFUSE_COPY =
  "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'COPY FROM STDIN is not possible on the embedded database'; END $$";

/**
 * COPY FROM STDIN ends the whole WebAssembly program, so that it never gets there: a statement that fails in
 * the ordinary way takes its place, which also fails the transaction around it as it should.
 */
function withoutCopy(type: string, bytes: Buffer): Buffer {
  if (type !== 'Q' && type !== 'P') return bytes;
  const nameEnd = type === 'P' ? bytes.indexOf(0, 5) : 4;
  const sqlEnd = bytes.indexOf(0, nameEnd + 1);
  if (nameEnd < 0 || sqlEnd < 0) throw new wire.WireError('a statement without an end');
  if (!COPY_IN.test(bytes.toString('utf8', nameEnd + 1, sqlEnd))) return bytes;
  if (type === 'Q') return wire.query(REFUSE_COPY);
  const name = bytes.subarray(5, nameEnd + 1);
  return wire.message('P', name, wire.text(REFUSE_COPY), Buffer.alloc(2));
}
