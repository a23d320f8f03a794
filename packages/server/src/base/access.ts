/** Who calls, and where they may do what. */
import { type AccessPolicy, PiculusError, type Verb, VERBS } from '@piculus/protocol';

/** The systems in which something may be done. */
export type Scope = 'all' | ReadonlySet<string>;

/** A person by a session or a token of theirs, or a policy of this server. */
export interface Caller {
  /** As the records name them: a user name, or `policy:<name>`, `cron`. */
  readonly actor: string;
  /** Null for policies. */
  readonly userId: string | null;
  readonly via: 'session' | 'token' | 'policy';
  /** The address that the call came from; null for policies. */
  readonly from: string | null;
  /** By which token; absent for all others. */
  readonly tokenId?: string;
  /** Absent for tokens and policies. */
  readonly sessionId?: string;
  /** When the person last proved who they are in this session; null for tokens, which never can, and policies. */
  readonly authenticatedAt: Date | null;
  /** Where the caller may do that. */
  scope(verb: Verb): Scope;
}

export function inScope(scope: Scope, sysCode: string): boolean {
  return scope === 'all' || scope.has(sysCode);
}

/** Where the caller may do that to what they see: an act needs to see what it acts on. */
export function reach(caller: Caller, verb: Verb): Scope {
  const view = caller.scope('view');
  const able = verb === 'view' ? view : caller.scope(verb);
  if (view === 'all') return able;
  return able === 'all' ? view : new Set([...able].filter((sysCode) => view.has(sysCode)));
}

/**
 * For what belongs to one system.
 * @throws PiculusError `not-found` where the caller may not view the system, so that nobody learns what there is
 * elsewhere; `not-allowed` where they may view it and not do that there.
 */
export function requireThere(caller: Caller, verb: Verb, sysCode: string): void {
  if (!inScope(caller.scope('view'), sysCode)) throw new PiculusError('not-found');
  if (!inScope(caller.scope(verb), sysCode)) throw notAllowed(verb);
}

/**
 * What can be said of a call before anybody looks at a row; what is left of `there` is said by the room that does.
 * @throws PiculusError `not-allowed` where the policy cannot be met at any row.
 */
export function requirePolicy(policy: AccessPolicy, caller: Caller): void {
  if (policy.where === 'in-person' && caller.via === 'token')
    throw new PiculusError('not-allowed', 'a token cannot do this; a person has to');
  if (!('verb' in policy)) return;
  const scope = caller.scope(policy.verb);
  const met = scope === 'all' || (policy.where !== 'everywhere' && scope.size > 0);
  if (!met) throw notAllowed(policy.verb);
}

/** How long a proof of who somebody is counts for acts that ask for a fresh one. */
export const FRESH_MS = 10 * 60_000;

/**
 * For acts that a stolen session must not be able to do. A policy of the server is let through.
 * @throws PiculusError `not-allowed` for tokens; `reauthentication-required` where the proof is too old.
 */
export function requireFresh(caller: Caller, now: Date): void {
  if (caller.via === 'policy') return;
  if (caller.via === 'token')
    throw new PiculusError('not-allowed', 'a token cannot do this; a person has to');
  const age = now.getTime() - (caller.authenticatedAt?.getTime() ?? Number.NEGATIVE_INFINITY);
  if (age > FRESH_MS) throw new PiculusError('reauthentication-required');
}

const notAllowed = (verb: Verb): PiculusError =>
  new PiculusError('not-allowed', `this needs the permission to ${verb}`);

/** @returns where the caller may do what, as it is told to them. */
export function accessOf(caller: Caller): Record<Verb, 'all' | string[]> {
  const places = (verb: Verb): 'all' | string[] => {
    const scope = reach(caller, verb);
    return scope === 'all' ? 'all' : [...scope].sort();
  };
  return {
    view: places('view'),
    collect: places('collect'),
    execute: places('execute'),
    approve: places('approve'),
    configure: places('configure'),
    administer: places('administer'),
  };
}

/** A policy of the server itself: it may do everything everywhere, and is named as what it is. */
export function policyCaller(name: string): Caller {
  return { actor: name, userId: null, via: 'policy', from: null, authenticatedAt: null, scope: () => 'all' };
}

/** Someone who may do everything everywhere. */
export function fullScope(): (verb: Verb) => Scope {
  return () => 'all';
}

export interface Grant {
  readonly verbs: readonly Verb[];
  /** Null: all systems, present and future. */
  readonly sysCode: string | null;
}

/** @returns where the grants together allow each verb. */
export function scopesOf(grants: readonly Grant[]): (verb: Verb) => Scope {
  const scopes = new Map<Verb, Scope>(VERBS.map((verb) => [verb, new Set<string>()]));
  for (const { verbs, sysCode } of grants) {
    for (const verb of verbs) {
      const old = scopes.get(verb) ?? new Set<string>();
      if (old === 'all') continue;
      scopes.set(verb, sysCode === null ? 'all' : new Set([...old, sysCode]));
    }
  }
  return (verb) => scopes.get(verb) ?? new Set();
}
