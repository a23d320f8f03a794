/** A way for clients to come in. */
export interface GatewayTransport {
  readonly name: string;
  /** Whether clients can come this way at the moment. */
  readonly ready: boolean;
  /** Takes connections from now on and hands them to the door. */
  start(door: Door): Promise<void> | void;
  /** Takes no further connections; those that are open stay. */
  close(): Promise<void> | void;
  /** Called when the sessions have ended: waits until their last words are gone, and lets go of everything. */
  end(): Promise<void> | void;
}

/** The gateway, as transports see it. */
export interface Door {
  /** @returns whom the key belongs to. @throws PiculusError `unknown-key`, `busy`, `database-away`, `stopping`. */
  authenticate(key: string): Promise<Peer>;
  /**
   * As `authenticate`, of somebody who proves a key of the system without sending it.
   * @param proves tells whether the proof was made with the key of this hash.
   */
  authenticateProof(sysCode: string, proves: (keyHash: Buffer) => boolean): Promise<ProvenPeer>;
  accept(connection: Connection, peer: Peer): ConnectionListener;
}

/**
 * What the gateway needs of one connection. Small on purpose: a WebSocket is one, a broker's subject can be
 * another. Frames are text; delivery is in order within one connection.
 */
export interface Connection {
  readonly remoteAddress: string;
  /** Bytes handed to `send` that have not left this process. */
  readonly bufferedBytes: number;
  /** Never throws. @returns false where the connection is gone, so that nothing of the frame went out. */
  send(frame: string): boolean;
  /** Stops reading from the peer until `resume`. What was read already may still arrive. */
  pause(): void;
  resume(): void;
  /** Says why and closes; the listener's `closed` follows. Harmless when repeated. */
  close(reason: CloseReason): void;
  /** Ends it at once, without waiting for the peer. */
  terminate(): void;
}

export interface ConnectionListener {
  frame(text: string): void;
  /** The peer sent what the transport itself does not read; the connection is being closed. */
  unreadable(code: 'too-large' | 'broken-json', sizeBytes: number): void;
  /** Something came in the peer's place that was not written with its key; the connection goes on without it. */
  forged(sizeBytes: number): void;
  closed(): void;
}

/** Why the server ends a connection: a short word for the peer's log. */
export type CloseReason =
  | 'stopping'
  | 'replaced'
  | 'silent'
  | 'too-slow'
  | 'key-revoked'
  | 'violation'
  | 'no-hello'
  | 'hello-failed';

/** Who a connection speaks for, proved before it was accepted. */
export interface Peer {
  readonly sysCode: string;
  readonly keyId: string;
  /** Number of the connection, drawn before the client could say anything on it; without one the hello draws it. */
  readonly connection?: string;
}

export interface ProvenPeer extends Peer {
  readonly keyHash: Buffer;
}
