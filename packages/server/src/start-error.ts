/** Why a server could not start, in words for the person who started it. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code:
    | 'port-taken'
    | 'address-unknown'
    | 'database-in-use'
    | 'signing-key-unusable'
    | 'secret-unusable'
    | 'tracing-unusable'
    | 'nats-unusable';

  constructor(code: StartError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
