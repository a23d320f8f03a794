/** Bulk runs and what came of each of their problems. */
import { z } from 'zod';
import {
  businessKeySchema,
  countSchema,
  fixCodeSchema,
  rowIdSchema,
  sysCodeSchema,
  timeSchema,
} from '../messages/parts.ts';
import { currencySchema, minorSchema } from '../money.ts';
import { OUTCOME_NAMES } from '../outcomes.ts';
import { amountsSchema, bilingual } from './resources.ts';

/** `not-eligible`: it could not run when it was asked for; `refused` is the outcome of a fix that ran. */
export const BULK_RESULTS = ['waiting', 'not-eligible', 'dropped', ...OUTCOME_NAMES] as const;
/** Many problems run at once by a person: who, why, which, and what has come of it so far. */
export const bulkRunSchema = z.object({
  id: rowIdSchema,
  requestedBy: z.string(),
  requestedAt: timeSchema,
  reason: z.string().nullable(),
  /** These problems, or all that matched the filter. */
  scope: z.enum(['ids', 'filter']),
  /** As it was given; null where the problems were named. */
  filter: z.record(z.string(), z.unknown()).nullable(),
  problems: countSchema,
  amounts: amountsSchema,
  /** How many came to which result; a problem is in one of them. */
  results: z.partialRecord(z.enum(BULK_RESULTS), countSchema),
  /** Set once nothing waits any more. */
  finishedAt: timeSchema.nullable(),
});

export const bulkRunItemSchema = z.object({
  problemId: rowIdSchema,
  sysCode: sysCodeSchema,
  fixCode: fixCodeSchema,
  businessKey: businessKeySchema,
  amountMinor: minorSchema,
  currency: currencySchema,
  result: z.enum(BULK_RESULTS),
  /** Why it was refused, or what the execution said. */
  reason: bilingual.nullable(),
});

export type BulkRun = z.infer<typeof bulkRunSchema>;
export type BulkRunItem = z.infer<typeof bulkRunItemSchema>;
