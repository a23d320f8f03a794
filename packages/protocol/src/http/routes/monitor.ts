/** The routes of messages, saved views, figures and health. */
import { z } from 'zod';
import { OPEN, SIGNED_IN, somewhere } from '../../access.ts';
import { ERROR_CODES } from '../../errors.ts';
import { rowIdSchema, sysCodeSchema, timeSchema } from '../../messages/parts.ts';
import { DIRECTIONS, MESSAGE_STATES } from '../../words.ts';
import { messageSlotSchema, statsSchema } from '../figures.ts';
import * as r from '../resources.ts';
import { idParams, many, page, pageQuery, route } from './parts.ts';

export const MONITOR_ROUTES = {
  // Monitor.
  listMessages: route({
    access: somewhere('view'),
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
      messageId: z.string().max(64).optional(),
      errorCode: many(z.enum(ERROR_CODES)),
      latencyMsFrom: z.coerce.number().min(0).optional(),
      sizeBytesFrom: z.coerce.number().int().min(0).optional(),
      from: timeSchema.optional(),
      to: timeSchema.optional(),
    }),
    response: page(r.messageSchema),
  }),
  getMessageStats: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/messages/stats',
    tag: 'monitor',
    summary: 'Throughput and latency of messages over a span of at most a day, the last hour by default',
    status: 200,
    query: z.strictObject({
      sysCode: sysCodeSchema.optional(),
      from: timeSchema.optional(),
      to: timeSchema.optional(),
    }),
    response: z.object({
      from: timeSchema,
      to: timeSchema,
      slotMs: z.number().int(),
      /** Oldest first, each slot of the span even where it is empty. */
      slots: z.array(messageSlotSchema),
    }),
  }),
  // Saved views.
  listViews: route({
    access: SIGNED_IN,
    method: 'GET',
    path: '/views',
    tag: 'views',
    summary: 'Saved views: the own ones and the shared ones, by name',
    status: 200,
    query: z.strictObject({ page: z.enum(r.VIEW_PAGES).optional() }),
    response: z.object({ items: z.array(r.viewSchema) }),
  }),
  createView: route({
    access: SIGNED_IN,
    method: 'POST',
    path: '/views',
    tag: 'views',
    summary: 'Save the filters of a list under a name; the same name of the same person is replaced',
    status: 201,
    body: z.strictObject({
      page: z.enum(r.VIEW_PAGES),
      name: z.string().trim().min(1).max(64),
      query: z.string().max(4_000),
      shared: z.boolean().default(false),
    }),
    response: r.viewSchema,
  }),
  deleteView: route({
    access: SIGNED_IN,
    method: 'DELETE',
    path: '/views/:id',
    tag: 'views',
    summary: 'Delete a saved view; its maker only',
    status: 204,
    params: idParams,
    response: z.null(),
  }),
  getStats: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/stats',
    tag: 'monitor',
    summary: 'What is broken, how much money is at stake, what is being done',
    status: 200,
    response: statsSchema,
  }),
  getHealth: route({
    access: OPEN,
    method: 'GET',
    path: '/health',
    tag: 'monitor',
    summary: 'The process lives',
    status: 200,
    response: z.object({ status: z.literal('ok'), version: z.string() }),
  }),
  getReadiness: route({
    access: OPEN,
    method: 'GET',
    path: '/ready',
    tag: 'monitor',
    summary: 'The server can work; 503 naming each check that fails where it cannot',
    status: 200,
    response: z.object({
      status: z.literal('ready'),
      checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
    }),
  }),
} as const;
