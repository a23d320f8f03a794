/** The routes of users: people who may sign in, and who is signed in. */
import { z } from 'zod';
import { everywhere, SIGNED_IN } from '../../access.ts';
import { grantsSchema } from '../roles.ts';
import { grantedUserSchema, meSchema } from '../users.ts';
import { route } from './parts.ts';

export const USER_ROUTES = {
  listUsers: route({
    access: everywhere('administer'),
    method: 'GET',
    path: '/users',
    tag: 'users',
    summary: 'All users',
    status: 200,
    response: z.object({ items: z.array(grantedUserSchema) }),
  }),
  createUser: route({
    access: everywhere('administer'),
    method: 'POST',
    path: '/users',
    tag: 'users',
    summary: 'Create a user',
    status: 201,
    body: z.strictObject({
      username: z.string().regex(/^[a-z0-9._-]{3,32}$/),
      name: z.string().trim().min(1).max(128),
      password: z.string().min(12).max(128),
      /** Without any, they may sign in and do nothing. */
      grants: grantsSchema.default([]),
    }),
    response: grantedUserSchema,
  }),
  setUserEnabled: route({
    access: everywhere('administer'),
    method: 'PUT',
    path: '/users/:id/enabled',
    tag: 'users',
    summary: 'Enable or disable a user; disabling ends the sessions',
    status: 200,
    params: z.object({ id: z.string().max(64) }),
    body: z.strictObject({ enabled: z.boolean() }),
    response: grantedUserSchema,
  }),
  getMe: route({
    access: SIGNED_IN,
    method: 'GET',
    path: '/me',
    tag: 'users',
    summary: 'Who is signed in, and what they may do',
    status: 200,
    response: meSchema,
  }),
} as const;
