/** The routes of systems, their keys and their clients. */
import { z } from 'zod';
import { everywhere, SIGNED_IN, somewhere, there } from '../../access.ts';
import { rowIdSchema, sysCodeSchema, timeSchema } from '../../messages/parts.ts';
import * as r from '../resources.ts';
import { route, sysParams } from './parts.ts';

/** Public keys of the server, for `PICULUS_SERVER_KEYS` of the system's clients. */
const serverKeyTexts = z.array(z.string());

export const SYSTEM_ROUTES = {
  // Systems and their keys.
  listSystems: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/systems',
    tag: 'systems',
    summary: 'All systems',
    status: 200,
    response: z.object({ items: z.array(r.systemSchema) }),
  }),
  createSystem: route({
    access: everywhere('administer'),
    method: 'POST',
    path: '/systems',
    tag: 'systems',
    summary: 'Register a system; answers its first key, shown once',
    status: 201,
    body: z.strictObject({
      sysCode: sysCodeSchema,
      name: z.string().trim().min(1).max(128),
      collectCron: z.string().max(256).nullable().default(null),
      collectTimeZone: z.string().max(64).default('UTC'),
      collectWindowMs: z
        .number()
        .int()
        .min(60_000)
        .max(90 * 86_400_000)
        .default(3 * 86_400_000),
    }),
    response: z.object({ system: r.systemSchema, key: z.string(), serverKeys: serverKeyTexts }),
  }),
  changeSystem: route({
    access: there('administer'),
    method: 'PATCH',
    path: '/systems/:sysCode',
    tag: 'systems',
    summary: 'Change a system',
    status: 200,
    params: sysParams,
    body: z.strictObject({
      name: z.string().trim().min(1).max(128).optional(),
      collectCron: z.string().max(256).nullable().optional(),
      collectTimeZone: z.string().max(64).optional(),
      collectWindowMs: z
        .number()
        .int()
        .min(60_000)
        .max(90 * 86_400_000)
        .optional(),
      enabled: z.boolean().optional(),
    }),
    response: r.systemSchema,
  }),
  listSystemKeys: route({
    access: there('administer'),
    method: 'GET',
    path: '/systems/:sysCode/keys',
    tag: 'systems',
    summary: 'Keys of a system, without their secrets',
    status: 200,
    params: sysParams,
    response: z.object({ items: z.array(r.systemKeySchema) }),
  }),
  createSystemKey: route({
    access: there('administer'),
    method: 'POST',
    path: '/systems/:sysCode/keys',
    tag: 'systems',
    summary: 'Another key, shown once',
    status: 201,
    params: sysParams,
    response: z.object({ key: z.string(), info: r.systemKeySchema, serverKeys: serverKeyTexts }),
  }),
  revokeSystemKey: route({
    access: there('administer'),
    method: 'DELETE',
    path: '/systems/:sysCode/keys/:id',
    tag: 'systems',
    summary: 'Revoke a key; its connections are closed',
    status: 204,
    params: z.object({ sysCode: sysCodeSchema, id: rowIdSchema }),
    response: z.null(),
  }),
  previewSchedule: route({
    access: SIGNED_IN,
    method: 'GET',
    path: '/schedules/preview',
    tag: 'systems',
    summary: 'A cron in words, and its next ticks; nothing is stored',
    status: 200,
    query: z.strictObject({
      cron: z.string().max(256),
      timeZone: z.string().max(64).default('UTC'),
    }),
    response: z.object({
      words: z.object({ en: z.string(), zh: z.string() }),
      nextTicks: z.array(timeSchema),
    }),
  }),

  // Clients.
  listClients: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/clients',
    tag: 'clients',
    summary: 'Clients, connected first',
    status: 200,
    query: z.strictObject({ sysCode: sysCodeSchema.optional(), connected: z.stringbool().optional() }),
    response: z.object({ items: z.array(r.clientSchema) }),
  }),
} as const;
