/** How frames get to the server and back. The protocol never sees a socket, so another carrier can take its place. */

export interface LinkHandlers {
  /** One text frame came. */
  message(frame: string): void;
  /** The link is gone; called once, and nothing comes after it. */
  closed(reason: string): void;
}

/** One open connection. */
export interface Link {
  /** Hands a frame over; whether it arrived is told by the protocol's own acknowledgements. */
  send(frame: string): void;
  /** Ends the link; `closed` is called in the end. */
  close(reason: string): void;
}

export interface Transport {
  /**
   * Opens a connection.
   * @throws ConnectRefused with what is known of the cause.
   */
  connect(handlers: LinkHandlers, signal: AbortSignal): Promise<Link>;
}

export class ConnectRefused extends Error {
  override readonly name = 'ConnectRefused';
  /** `unauthorised`: the server answered and does not take the key, so trying quickly again is of no use. */
  readonly kind: 'unauthorised' | 'unreachable';

  constructor(kind: ConnectRefused['kind'], detail: string) {
    super(detail);
    this.kind = kind;
  }
}
