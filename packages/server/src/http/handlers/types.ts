/** What a handler of a route gets and gives. */
import type {
  RouteBody,
  RouteName,
  RouteParams,
  RouteQuery,
  RouteResponse,
  User,
} from '@piculus/protocol/http';
import type { Caller } from '../../base/access.ts';
import type { Audit } from '../../audit/index.ts';
import type { Account, Services, Users } from '../../base/services.ts';
import type { Roles } from '../../identity/roles.ts';
import type { SecondFactors } from '../../identity/second-factor.ts';
import type { Tokens } from '../../identity/tokens.ts';
import type { ServerKeys } from '../../keys/index.ts';
import type { ClientsEverywhere } from '../../nodes/clients-everywhere.ts';
import type { Nodes } from '../../nodes/index.ts';
import type { Readiness } from '../../telemetry/readiness.ts';

export interface Call<N extends RouteName> {
  readonly params: RouteParams<N>;
  readonly query: RouteQuery<N>;
  readonly body: RouteBody<N>;
  /** Who is signed in. @throws PiculusError `not-signed-in` on a route that is open to all. */
  readonly user: User;
  /** The same person with what they may do. @throws PiculusError `not-signed-in` likewise. */
  readonly caller: Caller;
}

export type RouteHandler<N extends RouteName> = (call: Call<N>) => Promise<RouteResponse<N>>;
export type RouteHandlers<N extends RouteName = RouteName> = { readonly [K in N]: RouteHandler<K> };

export interface HandlerParts {
  readonly services: Services;
  readonly users: Users;
  readonly roles: Roles;
  /** Asks anew who reads live events and what they may do; call it when that has changed. */
  readonly recheckReaders: () => Promise<void>;
  readonly account: Account;
  readonly tokens: Tokens;
  readonly secondFactors: SecondFactors;
  /** Null where people sign in by password alone. */
  readonly singleSignOn: { readonly label: string } | null;
  readonly audit: Audit;
  /** The clients of this node and of all others. */
  readonly gateway: ClientsEverywhere;
  readonly nodes: Pick<Nodes, 'list'>;
  readonly keys: ServerKeys;
  readonly readiness: Readiness;
}
