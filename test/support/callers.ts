/** Callers for tests that call the server's rooms without a request. */
import { type Caller, fullScope } from '../../packages/server/src/base/access.ts';

/** Somebody who may do everything. */
export function person(actor: string): Caller {
  return { actor, userId: `id-of-${actor}`, via: 'session', from: '192.0.2.1', scope: fullScope() };
}

export const ANYONE = person('tester');
