/** The routes of executions and solutions. */
import { z } from 'zod';
import { somewhere, there } from '../../access.ts';
import { LIMITS } from '../../limits.ts';
import { fixCodeSchema, rowIdSchema, sysCodeSchema, timeSchema } from '../../messages/parts.ts';
import { OUTCOME_NAMES } from '../../outcomes.ts';
import { TRIGGERS } from '../../words.ts';
import * as r from '../resources.ts';
import { idParams, many, page, pageQuery, route } from './parts.ts';

export const SOLUTION_ROUTES = {
  // Executions.
  listExecutions: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/executions',
    tag: 'executions',
    summary: 'Finished executions, newest first',
    status: 200,
    query: z.strictObject({
      ...pageQuery,
      problemId: rowIdSchema.optional(),
      sysCode: sysCodeSchema.optional(),
      fixCode: fixCodeSchema.optional(),
      outcome: many(z.enum(OUTCOME_NAMES)),
      trigger: many(z.enum(TRIGGERS)),
      clientId: z.string().max(64).optional(),
      businessKey: z.string().max(LIMITS.businessKeyLength).optional(),
      finishedFrom: timeSchema.optional(),
      finishedTo: timeSchema.optional(),
    }),
    response: page(r.executionSchema),
  }),
  listLeases: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/executions/running',
    tag: 'executions',
    summary: 'Leases that clients work on now',
    status: 200,
    response: z.object({ items: z.array(r.leaseSchema) }),
  }),

  // Solutions.
  listSolutions: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/solutions',
    tag: 'solutions',
    summary: 'All solutions',
    status: 200,
    query: z.strictObject({ sysCode: sysCodeSchema.optional() }),
    response: z.object({ items: z.array(r.solutionSchema) }),
  }),
  createSolution: route({
    access: there('configure'),
    method: 'POST',
    path: '/solutions',
    tag: 'solutions',
    summary: 'Configure a solution',
    status: 201,
    body: r.solutionInputSchema,
    response: r.solutionSchema,
  }),
  validateSolution: route({
    access: there('view'),
    method: 'POST',
    path: '/solutions/validate',
    tag: 'solutions',
    summary:
      'Check a solution without storing it: warnings, next ticks, the cron in words, what it would change',
    status: 200,
    body: r.solutionInputSchema,
    response: z.object({
      warnings: z.array(r.warningSchema),
      nextTicks: z.array(timeSchema),
      words: z.object({ en: z.string(), zh: z.string() }),
      impact: r.solutionImpactSchema,
    }),
  }),
  importSolutions: route({
    access: somewhere('configure'),
    method: 'POST',
    path: '/solutions/import',
    tag: 'solutions',
    summary: 'Create and change many solutions, all or none; `dryRun` only says what would happen',
    status: 200,
    body: z.strictObject({
      items: z.array(r.solutionInputSchema).min(1).max(1000),
      dryRun: z.boolean().default(false),
    }),
    response: z.object({
      items: z.array(
        z.object({
          sysCode: sysCodeSchema,
          fixCode: fixCodeSchema,
          action: z.enum(['create', 'change', 'same']),
          /** The fields that change. */
          changes: z.array(z.object({ field: z.string(), from: z.unknown(), to: z.unknown() })),
          warnings: z.array(r.warningSchema),
        }),
      ),
    }),
  }),
  getSolution: route({
    access: there('view'),
    method: 'GET',
    path: '/solutions/:id',
    tag: 'solutions',
    summary: 'One solution',
    status: 200,
    params: idParams,
    response: r.solutionSchema,
  }),
  changeSolution: route({
    access: there('configure'),
    method: 'PATCH',
    path: '/solutions/:id',
    tag: 'solutions',
    summary: 'Change a solution; makes a new version',
    status: 200,
    params: idParams,
    body: r.solutionChangeSchema,
    response: r.solutionSchema,
  }),
  deleteSolution: route({
    access: there('configure'),
    method: 'DELETE',
    path: '/solutions/:id',
    tag: 'solutions',
    summary: 'Delete a solution; its versions and executions stay',
    status: 204,
    params: idParams,
    response: z.null(),
  }),
  listSolutionVersions: route({
    access: there('view'),
    method: 'GET',
    path: '/solutions/:id/versions',
    tag: 'solutions',
    summary: 'All versions, newest first',
    status: 200,
    params: idParams,
    response: z.object({ items: z.array(r.solutionSchema.omit({ nextTicks: true, warnings: true })) }),
  }),
} as const;
