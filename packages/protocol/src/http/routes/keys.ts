/** The routes of the keys that the server signs commands with. */
import { z } from 'zod';
import { everywhere, SIGNED_IN } from '../../access.ts';
import * as r from '../resources.ts';
import { route } from './parts.ts';

const keyParams = z.object({ keyId: z.string().regex(/^[0-9a-f]{16}$/) });

export const KEY_ROUTES = {
  listServerKeys: route({
    // Public keys are public; whoever sets up a client has to read them.
    access: SIGNED_IN,
    method: 'GET',
    path: '/server-keys',
    tag: 'keys',
    summary: 'The keys that commands are signed with, oldest first',
    status: 200,
    response: z.object({ items: z.array(r.serverKeySchema) }),
  }),
  addServerKey: route({
    access: everywhere('administer'),
    method: 'POST',
    path: '/server-keys',
    tag: 'keys',
    summary: 'Make another key; it is not in use yet',
    status: 201,
    response: r.serverKeySchema,
  }),
  useServerKey: route({
    access: everywhere('administer'),
    method: 'POST',
    path: '/server-keys/:keyId/use',
    tag: 'keys',
    summary: 'Sign with this key from now on; clients that do not trust it refuse every command',
    status: 200,
    params: keyParams,
    response: r.serverKeySchema,
  }),
  retireServerKey: route({
    access: everywhere('administer'),
    method: 'DELETE',
    path: '/server-keys/:keyId',
    tag: 'keys',
    summary: 'Remove a key that is not in use',
    status: 204,
    params: keyParams,
    response: z.null(),
  }),
} as const;
