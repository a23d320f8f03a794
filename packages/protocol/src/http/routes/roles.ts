/** The routes of roles, and of who holds them where. */
import { z } from 'zod';
import { everywhere, VERBS } from '../../access.ts';
import { grantsSchema, roleNameSchema, roleSchema } from '../roles.ts';
import { grantedUserSchema } from '../users.ts';
import { route } from './parts.ts';

const nameParams = z.object({ name: roleNameSchema });

export const ROLE_ROUTES = {
  listRoles: route({
    access: everywhere('administer'),
    method: 'GET',
    path: '/roles',
    tag: 'users',
    summary: 'All roles, the built-in ones first',
    status: 200,
    response: z.object({ items: z.array(roleSchema) }),
  }),
  putRole: route({
    access: everywhere('administer'),
    method: 'PUT',
    path: '/roles/:name',
    tag: 'users',
    summary: 'Create a role or change what it allows; counts at once for everybody who holds it',
    status: 200,
    params: nameParams,
    body: z.strictObject({
      verbs: z.array(z.enum(VERBS)).min(1).max(VERBS.length),
      description: z.string().trim().max(200).default(''),
      /** The version that was read, 0 for a new role; another one by now is `wrong-state`. */
      version: z.number().int().min(0),
    }),
    response: roleSchema,
  }),
  deleteRole: route({
    access: everywhere('administer'),
    method: 'DELETE',
    path: '/roles/:name',
    tag: 'users',
    summary: 'Delete a role that nobody holds',
    status: 204,
    params: nameParams,
    response: z.null(),
  }),
  setUserGrants: route({
    access: everywhere('administer'),
    method: 'PUT',
    path: '/users/:id/grants',
    tag: 'users',
    summary: 'Set which roles a user holds in which systems; counts at once',
    status: 200,
    params: z.object({ id: z.string().max(64) }),
    body: z.strictObject({
      /** What was read; where the user holds something else by now, nothing is changed: `wrong-state`. */
      before: grantsSchema,
      grants: grantsSchema,
    }),
    response: grantedUserSchema,
  }),
} as const;
