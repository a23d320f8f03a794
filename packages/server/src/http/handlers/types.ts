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
import type { Services, Users } from '../../base/services.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import type { ServerKeys } from '../../keys/index.ts';

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
  readonly audit: Audit;
  readonly gateway: Gateway;
  readonly keys: ServerKeys;
  /** @throws PiculusError `database-away` or `stopping` where the server cannot work. */
  readonly checkReady: () => Promise<void>;
}
