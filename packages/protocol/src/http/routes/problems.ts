/** The routes of problems, and the filter that lists and bulk actions share. */
import { z } from 'zod';
import { somewhere, there } from '../../access.ts';
import { LIMITS } from '../../limits.ts';
import { revealedSchema } from '../../messages/from-client.ts';
import {
  fixCodeSchema,
  revealFieldSchema,
  rowIdSchema,
  scenarioSchema,
  sysCodeSchema,
  timeSchema,
} from '../../messages/parts.ts';
import { minorSchema } from '../../money.ts';
import { OUTCOME_NAMES } from '../../outcomes.ts';
import { HANDLINGS, OUT_OF_POCKET, PROBLEM_STATES, WAIT_REASONS } from '../../words.ts';
import { BULK_RESULTS, bulkRunItemSchema, bulkRunSchema } from '../bulk-runs.ts';
import * as r from '../resources.ts';
import { idParams, many, page, pageQuery, reason, route } from './parts.ts';

/** Filters on every field of a problem. Times are inclusive below and exclusive above. */
export const problemFilterSchema = z.strictObject({
  sysCode: many(sysCodeSchema),
  fixCode: many(fixCodeSchema),
  businessKey: z.string().max(LIMITS.businessKeyLength).optional(),
  scenario: many(scenarioSchema),
  handling: many(z.enum(HANDLINGS)),
  state: many(z.enum(PROBLEM_STATES)),
  waitReason: many(z.enum(WAIT_REASONS)),
  currency: many(z.string().regex(/^[A-Z]{3}$/)),
  outOfPocket: many(z.enum(OUT_OF_POCKET)),
  lastOutcome: many(z.enum(OUTCOME_NAMES)),
  amountMinorFrom: minorSchema.optional(),
  amountMinorTo: minorSchema.optional(),
  occurredFrom: timeSchema.optional(),
  occurredTo: timeSchema.optional(),
  firstSeenFrom: timeSchema.optional(),
  firstSeenTo: timeSchema.optional(),
  retriesUsedFrom: z.coerce.number().int().min(0).optional(),
  reopened: z.stringbool().or(z.boolean()).optional(),
  seenSinceClosed: z.stringbool().or(z.boolean()).optional(),
  lastSeenFrom: timeSchema.optional(),
  lastSeenTo: timeSchema.optional(),
  seenCountFrom: z.coerce.number().int().min(1).optional(),
  confirmed: z.stringbool().or(z.boolean()).optional(),
  /**
   * Exhausted, needs-human, reopened, or pending under a solution that waits for a click: the work queue. By the
   * stored state: one that was clicked stays in it until it is answered.
   */
  waitsForPerson: z.stringbool().or(z.boolean()).optional(),
});
export type ProblemFilter = z.infer<typeof problemFilterSchema>;

const bulkResult = z.object({
  bulkRunId: rowIdSchema,
  accepted: z.number().int(),
  refused: z.array(z.object({ id: rowIdSchema, code: z.string(), reason: z.string() })),
});

export const PROBLEM_ROUTES = {
  listProblems: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/problems',
    tag: 'problems',
    summary: 'Problems, newest first',
    status: 200,
    query: problemFilterSchema.extend(pageQuery),
    response: page(r.problemSchema),
  }),
  countProblems: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/problems/count',
    tag: 'problems',
    summary: 'How many match, and their amounts by currency; exact, for a bulk action',
    status: 200,
    query: problemFilterSchema,
    response: z.object({
      problems: z.number().int(),
      amounts: z.array(z.object({ currency: z.string(), amountMinor: minorSchema })),
    }),
  }),
  getProblem: route({
    access: there('view'),
    method: 'GET',
    path: '/problems/:id',
    tag: 'problems',
    summary: 'One problem with facts, executions and history',
    status: 200,
    params: idParams,
    response: r.problemDetailSchema,
  }),
  listProblemMessages: route({
    access: there('view'),
    method: 'GET',
    path: '/problems/:id/messages',
    tag: 'problems',
    summary: 'The messages behind a problem',
    status: 200,
    params: idParams,
    response: z.object({ items: z.array(r.messageSchema) }),
  }),
  previewProblem: route({
    access: there('view'),
    method: 'POST',
    path: '/problems/:id/preview',
    tag: 'problems',
    summary: 'What the fix would do now; nothing is written',
    status: 200,
    params: idParams,
    response: r.previewSchema,
  }),
  revealProblem: route({
    // The fewest people: no other permission is about persons, and whoever repairs does not need their names.
    access: there('administer'),
    method: 'POST',
    path: '/problems/:id/reveal',
    tag: 'problems',
    summary: 'Unmasked values of personal fields, from the client; audited, shown once and kept nowhere',
    status: 200,
    params: idParams,
    body: z.strictObject({
      fields: z.array(revealFieldSchema).min(1).max(LIMITS.revealFieldsMax),
      reason,
    }),
    response: z.object({ values: revealedSchema.shape.values }),
  }),
  runProblem: route({
    access: there('execute'),
    method: 'POST',
    path: '/problems/:id/run',
    tag: 'problems',
    summary: 'Run the fix now',
    status: 202,
    params: idParams,
    body: z.strictObject({ reason: reason.optional() }),
    response: z.object({ accepted: z.literal(1) }),
  }),
  runProblems: route({
    access: somewhere('execute'),
    method: 'POST',
    path: '/problems/run',
    tag: 'problems',
    summary: 'Run the fixes of these problems now',
    status: 202,
    body: z.strictObject({ ids: z.array(rowIdSchema).min(1).max(LIMITS.bulkIds), reason: reason.optional() }),
    response: bulkResult,
  }),
  runMatchingProblems: route({
    access: somewhere('execute'),
    method: 'POST',
    path: '/problems/run-matching',
    tag: 'problems',
    summary: 'Run all that match; refused unless the count is still the one given',
    status: 202,
    body: z.strictObject({ filter: problemFilterSchema, expectedCount: z.number().int().min(1), reason }),
    response: z.object({ bulkRunId: rowIdSchema, accepted: z.number().int(), skipped: z.number().int() }),
  }),
  listBulkRuns: route({
    access: somewhere('view'),
    method: 'GET',
    path: '/bulk-runs',
    tag: 'problems',
    summary: 'Bulk runs, newest first',
    status: 200,
    query: z.strictObject({ ...pageQuery, requestedBy: z.string().max(64).optional() }),
    response: page(bulkRunSchema),
  }),
  getBulkRun: route({
    access: there('view'),
    method: 'GET',
    path: '/bulk-runs/:id',
    tag: 'problems',
    summary: 'One bulk run with how far it has come',
    status: 200,
    params: idParams,
    response: bulkRunSchema,
  }),
  listBulkRunItems: route({
    access: there('view'),
    method: 'GET',
    path: '/bulk-runs/:id/items',
    tag: 'problems',
    summary: 'The problems of a bulk run, each with its result and the reason',
    status: 200,
    params: idParams,
    query: z.strictObject({ ...pageQuery, result: many(z.enum(BULK_RESULTS)) }),
    response: page(bulkRunItemSchema),
  }),
  cancelBulkRun: route({
    access: there('execute'),
    method: 'POST',
    path: '/bulk-runs/:id/cancel',
    tag: 'problems',
    summary: 'Drop what still waits for a client; what a client works on goes on',
    status: 200,
    params: idParams,
    body: z.strictObject({ reason }),
    response: bulkRunSchema,
  }),
  closeProblem: route({
    access: there('execute'),
    method: 'POST',
    path: '/problems/:id/close',
    tag: 'problems',
    summary: 'Close without fixing',
    status: 200,
    params: idParams,
    body: z.strictObject({ reason }),
    response: r.problemSchema,
  }),
  reopenProblem: route({
    access: there('execute'),
    method: 'POST',
    path: '/problems/:id/reopen',
    tag: 'problems',
    summary: 'Open again what was closed or fixed',
    status: 200,
    params: idParams,
    body: z.strictObject({ reason }),
    response: r.problemSchema,
  }),
} as const;

/** The list as CSV, with the filter of `listProblems`; a stream, so it is no route of the table. */
export const PROBLEMS_CSV_PATH = '/problems/export.csv';
