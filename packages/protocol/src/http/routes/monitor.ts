/** The routes of users, messages, figures and health. */
import { z } from 'zod';
import { rowIdSchema, sysCodeSchema, timeSchema } from '../../messages/parts.ts';
import { DIRECTIONS, MESSAGE_STATES } from '../../words.ts';
import * as r from '../resources.ts';
import { many, page, pageQuery, route } from './parts.ts';

export const MONITOR_ROUTES = {
  // Users.
  listUsers: route({
    method: 'GET',
    path: '/users',
    tag: 'users',
    summary: 'All users',
    status: 200,
    response: z.object({ items: z.array(r.userSchema) }),
  }),
  createUser: route({
    method: 'POST',
    path: '/users',
    tag: 'users',
    summary: 'Create a user',
    status: 201,
    body: z.strictObject({
      username: z.string().regex(/^[a-z0-9._-]{3,32}$/),
      name: z.string().trim().min(1).max(128),
      password: z.string().min(12).max(128),
    }),
    response: r.userSchema,
  }),
  setUserEnabled: route({
    method: 'PUT',
    path: '/users/:id/enabled',
    tag: 'users',
    summary: 'Enable or disable a user; disabling ends the sessions',
    status: 200,
    params: z.object({ id: z.string().max(64) }),
    body: z.strictObject({ enabled: z.boolean() }),
    response: r.userSchema,
  }),
  getMe: route({
    method: 'GET',
    path: '/me',
    tag: 'users',
    summary: 'Who is signed in',
    status: 200,
    response: r.userSchema,
  }),

  // Monitor.
  listMessages: route({
    method: 'GET',
    path: '/messages',
    tag: 'monitor',
    summary: 'Messages, newest first',
    status: 200,
    query: z.strictObject({
      ...pageQuery,
      direction: z.enum(DIRECTIONS).optional(),
      type: many(z.string().max(64)),
      sysCode: sysCodeSchema.optional(),
      clientId: z.string().max(64).optional(),
      state: many(z.enum(MESSAGE_STATES)),
      collectionId: rowIdSchema.optional(),
      leaseId: z.string().max(64).optional(),
      from: timeSchema.optional(),
      to: timeSchema.optional(),
    }),
    response: page(r.messageSchema),
  }),
  getStats: route({
    method: 'GET',
    path: '/stats',
    tag: 'monitor',
    summary: 'What is broken, how much money is at stake, what is being done',
    status: 200,
    response: r.statsSchema,
  }),
  getHealth: route({
    method: 'GET',
    path: '/health',
    tag: 'monitor',
    summary: 'The process lives',
    status: 200,
    open: true,
    response: z.object({ status: z.literal('ok'), version: z.string() }),
  }),
  getReadiness: route({
    method: 'GET',
    path: '/ready',
    tag: 'monitor',
    summary: 'The server can work; 503 with the reason where it cannot',
    status: 200,
    open: true,
    response: z.object({ status: z.literal('ready') }),
  }),
} as const;
