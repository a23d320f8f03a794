/** The routes of collections. */
import { z } from 'zod';
import { somewhere, there } from '../../access.ts';
import { LIMITS } from '../../limits.ts';
import { fixCodeSchema, sysCodeSchema, timeSchema } from '../../messages/parts.ts';
import { COLLECT_STATES } from '../../words.ts';
import * as r from '../resources.ts';
import { idParams, many, page, pageQuery, route } from './parts.ts';

export const COLLECTION_ROUTES = {
  startCollection: route({
    access: somewhere('collect'),
    method: 'POST',
    path: '/collections',
    tag: 'collections',
    summary: 'Start a collect broadcast',
    status: 201,
    body: z.strictObject({
      /** Absent: all enabled systems. */
      sysCodes: z.array(sysCodeSchema).min(1).max(100).optional(),
      /** Absent: every collector that the clients announce. */
      fixCodes: z.array(fixCodeSchema).min(1).max(LIMITS.fixCodesPerClient).optional(),
      /** Absent: each system's own window, ending now. */
      windowFrom: timeSchema.optional(),
      windowTo: timeSchema.optional(),
    }),
    response: r.collectionSchema,
  }),
  listCollections: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/collections',
    tag: 'collections',
    summary: 'Collections, newest first',
    status: 200,
    query: z.strictObject({
      ...pageQuery,
      sysCode: sysCodeSchema.optional(),
      state: many(z.enum(COLLECT_STATES)),
    }),
    response: page(r.collectionSchema),
  }),
  getCollection: route({
    access: there('view'),
    method: 'GET',
    path: '/collections/:id',
    tag: 'collections',
    summary: 'One collection with its commands',
    status: 200,
    params: idParams,
    response: r.collectionSchema,
  }),
  cancelCollection: route({
    access: there('collect'),
    method: 'POST',
    path: '/collections/:id/cancel',
    tag: 'collections',
    summary: 'Cancel what still runs; what was reported stays',
    status: 200,
    params: idParams,
    response: r.collectionSchema,
  }),
} as const;
