/**
 * Who may do what: six verbs, each for each system. A role is a named set of verbs; a grant gives a person a role for
 * one system or for all. What a route, a live event or a message asks for stands beside it as a policy line; one
 * without a line does not compile, and what no line allows is refused.
 */
import type { LiveTopic } from './http/resources.ts';
import type { ClientMessageType } from './messages/index.ts';

export const VERBS = ['view', 'collect', 'execute', 'approve', 'configure', 'administer'] as const;
export type Verb = (typeof VERBS)[number];

/** What a token may be made for: a program never approves and never gives out rights. */
export const TOKEN_VERBS = ['view', 'collect', 'execute', 'configure'] as const satisfies readonly Verb[];

/** The roles that a new installation has; they can be edited, and others added. */
export const BUILT_IN_ROLES = {
  viewer: ['view'],
  operator: ['view', 'collect', 'execute'],
  approver: ['view', 'approve'],
  engineer: ['view', 'collect', 'execute', 'configure'],
  administrator: VERBS,
} as const satisfies Record<string, readonly Verb[]>;

/**
 * What a caller needs.
 * - `open`: nothing; - `signed-in`: to be signed in, for what is the caller's own;
 * - `in-person`: the same and not by a token, for what gives out rights or proves who somebody is;
 * - `somewhere`: the verb for at least one system; the answer is limited to those systems;
 * - `there`: the verb for the system that the request names, or that the row belongs to; a row of a system that the
 *   caller may not view is not found;
 * - `everywhere`: the verb for all systems, present and future.
 */
export type AccessPolicy =
  | { readonly where: 'open' | 'signed-in' | 'in-person' }
  | { readonly where: 'somewhere' | 'there' | 'everywhere'; readonly verb: Verb };

export const OPEN: AccessPolicy = { where: 'open' };
export const SIGNED_IN: AccessPolicy = { where: 'signed-in' };
export const IN_PERSON: AccessPolicy = { where: 'in-person' };
export const somewhere = (verb: Verb): AccessPolicy => ({ where: 'somewhere', verb });
export const there = (verb: Verb): AccessPolicy => ({ where: 'there', verb });
export const everywhere = (verb: Verb): AccessPolicy => ({ where: 'everywhere', verb });

/** Who is told of what changed. An event that belongs to no one system is told without its ids. */
export const LIVE_ACCESS: Readonly<Record<LiveTopic, AccessPolicy>> = {
  problems: there('view'),
  executions: there('view'),
  'bulk-runs': there('view'),
  collections: there('view'),
  clients: there('view'),
  solutions: there('view'),
  messages: there('view'),
  systems: there('view'),
  limits: there('view'),
  approvals: somewhere('view'),
  audit: somewhere('administer'),
};

/** Who may send a message of a client, and what of its body must be the sender's own. */
export interface MessagePolicy {
  /** `key`: a connection by a key of an enabled system; `client`: one that was greeted as a client of it. */
  readonly from: 'key' | 'client';
  /** What it names has to be what this client was given; a foreign one is refused or has no effect. */
  readonly names: 'nothing' | 'own-leases' | 'own-command' | 'own-question' | 'own-message';
}

export const MESSAGE_ACCESS: Readonly<Record<ClientMessageType, MessagePolicy>> = {
  hello: { from: 'key', names: 'own-leases' },
  heartbeat: { from: 'client', names: 'own-leases' },
  problems: { from: 'client', names: 'own-command' },
  'collect-progress': { from: 'client', names: 'own-command' },
  'collect-done': { from: 'client', names: 'own-command' },
  'fix-results': { from: 'client', names: 'own-leases' },
  halted: { from: 'client', names: 'own-leases' },
  leaving: { from: 'client', names: 'nothing' },
  'preview-result': { from: 'client', names: 'own-question' },
  revealed: { from: 'client', names: 'own-question' },
  ack: { from: 'client', names: 'own-message' },
  error: { from: 'client', names: 'own-message' },
};
