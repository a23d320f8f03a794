/** The handler of every route: a route without one does not compile. */
import { accountHandlers } from './account.ts';
import { approvalHandlers } from './approvals.ts';
import { auditHandlers } from './audit.ts';
import { keyHandlers } from './keys.ts';
import { restHandlers } from './rest.ts';
import { secondFactorHandlers } from './second-factor.ts';
import { systemHandlers } from './systems.ts';
import { tokenHandlers } from './tokens.ts';
import type { HandlerParts, RouteHandlers } from './types.ts';
import { userHandlers } from './users.ts';
import { workHandlers } from './work.ts';

export type { Call, HandlerParts, RouteHandler, RouteHandlers } from './types.ts';

export function createHandlers(parts: HandlerParts): RouteHandlers {
  return {
    ...accountHandlers(parts),
    ...secondFactorHandlers(parts),
    ...auditHandlers(parts),
    ...approvalHandlers(parts),
    ...systemHandlers(parts),
    ...keyHandlers(parts),
    ...workHandlers(parts),
    ...restHandlers(parts),
    ...tokenHandlers(parts),
    ...userHandlers(parts),
  };
}
