/** The routes about the servers themselves. */
import { z } from 'zod';
import { somewhere } from '../../access.ts';
import { nodeSchema } from '../nodes.ts';
import { route } from './parts.ts';

export const NODE_ROUTES = {
  listNodes: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/nodes',
    tag: 'monitor',
    summary: 'The servers on this database, the longest at work first; those that went within the hour too',
    status: 200,
    response: z.object({ items: z.array(nodeSchema) }),
  }),
} as const;
