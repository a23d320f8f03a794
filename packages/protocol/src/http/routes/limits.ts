/** The routes of limits, breakers, canaries and the stop switch. */
import { z } from 'zod';
import { somewhere, there } from '../../access.ts';
import { fixCodeSchema, sysCodeSchema } from '../../messages/parts.ts';
import { haltSchema, limitSettingsSchema, limitsSchema } from '../limits.ts';
import { idParams, page, pageQuery, reason, route } from './parts.ts';

export const LIMIT_ROUTES = {
  listLimits: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/limits',
    tag: 'limits',
    summary: 'Limits of unattended executions of every system and solution, with their use',
    status: 200,
    response: z.object({ items: z.array(limitsSchema) }),
  }),
  setLimits: route({
    // Which systems are the caller's to configure is decided with the body in hand.
    access: somewhere('configure'),
    method: 'PUT',
    path: '/limits',
    tag: 'limits',
    summary: 'Set the limits of one solution, or of one system over all its solutions',
    status: 200,
    body: z.strictObject({
      sysCode: sysCodeSchema,
      fixCode: fixCodeSchema.nullable(),
      /** The version that was read; another one by now is `wrong-state`. */
      version: z.number().int().min(0),
      settings: limitSettingsSchema,
      reason,
    }),
    response: limitsSchema,
  }),
  listHalts: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/halts',
    tag: 'limits',
    summary: 'What stands still or stood still, newest first',
    status: 200,
    query: z.strictObject({ ...pageQuery, open: z.stringbool().or(z.boolean()).optional() }),
    response: page(haltSchema),
  }),
  stop: route({
    access: somewhere('execute'),
    method: 'POST',
    path: '/halts',
    tag: 'limits',
    summary: 'Stop automatic repair: everywhere, in one system, or of one solution',
    status: 201,
    body: z
      .strictObject({
        /** Absent: everywhere, which asks for the right in all systems. */
        sysCode: sysCodeSchema.optional(),
        /** Absent: the whole system. */
        fixCode: fixCodeSchema.optional(),
        /** Clicks wait too. */
        includeManual: z.boolean().default(false),
        reason,
      })
      .refine(({ sysCode, fixCode }) => fixCode === undefined || sysCode !== undefined, {
        path: ['sysCode'],
        message: 'a solution is of a system',
      }),
    response: haltSchema,
  }),
  resume: route({
    access: there('configure'),
    method: 'POST',
    path: '/halts/:id/end',
    tag: 'limits',
    summary: 'Let automatic repair go on',
    status: 200,
    params: idParams,
    body: z.strictObject({ reason }),
    response: haltSchema,
  }),
} as const;
