import { PiculusError } from '@piculus/protocol';

/** The client has come back on a newer connection, here or at another node: this one counts no more. */
export class Replaced extends PiculusError {
  constructor() {
    super('stale-lease', 'the client has a newer connection');
  }
}
