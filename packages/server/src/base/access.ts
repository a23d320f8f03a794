/** Who calls, and where they may do what. */
import { type Verb, VERBS } from '@piculus/protocol';

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
  /** Where the caller may do that. */
  scope(verb: Verb): Scope;
}

export function inScope(scope: Scope, sysCode: string): boolean {
  return scope === 'all' || scope.has(sysCode);
}

/** A policy of the server itself: it may do everything everywhere, and is named as what it is. */
export function policyCaller(name: string): Caller {
  return { actor: name, userId: null, via: 'policy', from: null, scope: () => 'all' };
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
