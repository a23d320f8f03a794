/** Callers for tests that call the server's rooms without a request. */
import type { Verb } from '@piculus/protocol';
import { type Caller, fullScope, type Grant, scopesOf } from '../../packages/server/src/base/access.ts';

/** Somebody who may do everything. */
export function person(actor: string): Caller {
  return {
    actor,
    userId: `id-of-${actor}`,
    via: 'session',
    from: '192.0.2.1',
    authenticatedAt: null,
    scope: fullScope(),
  };
}

/** Somebody who may do these things in these systems, and nothing elsewhere. */
export function limited(actor: string, sysCodes: readonly string[], verbs: readonly Verb[]): Caller {
  return granted(
    actor,
    sysCodes.map((sysCode) => ({ sysCode, verbs })),
  );
}

/** Somebody with these grants. */
export function granted(actor: string, grants: readonly Grant[]): Caller {
  return { ...person(actor), scope: scopesOf(grants) };
}

export const ANYONE = person('tester');
