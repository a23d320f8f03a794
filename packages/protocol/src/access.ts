/**
 * Who may do what: six verbs, each for each system. A role is a named set of verbs; a grant gives a person a role for
 * one system or for all. What a route, a live event or a message asks for stands beside it as a policy line; one
 * without a line does not compile, and what no line allows is refused.
 */
export const VERBS = ['view', 'collect', 'execute', 'approve', 'configure', 'administer'] as const;
export type Verb = (typeof VERBS)[number];

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
 * - `somewhere`: the verb for at least one system; the answer is limited to those systems;
 * - `there`: the verb for the system that the request names, or that the row belongs to; a row of a system that the
 *   caller may not view is not found;
 * - `everywhere`: the verb for all systems, present and future.
 */
export type AccessPolicy =
  | { readonly where: 'open' | 'signed-in' }
  | { readonly where: 'somewhere' | 'there' | 'everywhere'; readonly verb: Verb };

export const OPEN: AccessPolicy = { where: 'open' };
export const SIGNED_IN: AccessPolicy = { where: 'signed-in' };
export const somewhere = (verb: Verb): AccessPolicy => ({ where: 'somewhere', verb });
export const there = (verb: Verb): AccessPolicy => ({ where: 'there', verb });
export const everywhere = (verb: Verb): AccessPolicy => ({ where: 'everywhere', verb });
