/** The handler of every route: a route without one does not compile. */
import { auditHandlers } from './audit.ts';
import { keyHandlers } from './keys.ts';
import { restHandlers } from './rest.ts';
import { systemHandlers } from './systems.ts';
import type { HandlerParts, RouteHandlers } from './types.ts';
import { workHandlers } from './work.ts';

export type { Call, HandlerParts, RouteHandler, RouteHandlers } from './types.ts';

export function createHandlers(parts: HandlerParts): RouteHandlers {
  return {
    ...auditHandlers(parts),
    ...systemHandlers(parts),
    ...keyHandlers(parts),
    ...workHandlers(parts),
    ...restHandlers(parts),
  };
}
