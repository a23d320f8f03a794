/** Schemas shared by several messages. Every text and list has a limit. */
import { z } from 'zod';
import { LIMITS } from '../limits.ts';
import { currencySchema, minorSchema, positiveMinorSchema } from '../money.ts';
import { SCENARIO_CODES } from '../scenarios.ts';
import { HANDLINGS, OUT_OF_POCKET, SIDES } from '../words.ts';

export const idSchema = z.string().min(1).max(LIMITS.codeLength);
/** A row's id: a whole number as text, because JSON numbers lose digits. */
export const rowIdSchema = z.string().regex(/^[1-9][0-9]{0,18}$/);
export const sysCodeSchema = z
  .string()
  .regex(/^[A-Z][A-Z0-9_-]{0,31}$/, 'capital letters, digits, _ and -, at most 32');
export const fixCodeSchema = z
  .string()
  .regex(/^[a-z][A-Za-z0-9]{0,63}$/, 'a service name with its first letter in lower case, at most 64');
export const businessKeySchema = z
  .string()
  .min(1)
  .max(LIMITS.businessKeyLength)
  .refine((key) => key.isWellFormed(), 'well-formed Unicode');
export const commandKeySchema = z.string().min(1).max(LIMITS.commandKeyLength);
export const timeSchema = z.iso.datetime({ offset: true });
export const textSchema = z.string().max(LIMITS.textLength);
export const countSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const scenarioSchema = z.enum(SCENARIO_CODES);

export const factValueSchema = z.union([
  z.string().max(LIMITS.factTextLength),
  z.number(),
  z.boolean(),
  z.null(),
]);

/** What one side says, from where and when. Personal data is masked before it gets here. */
export const sideFactsSchema = z.strictObject({
  state: z.string().min(1).max(LIMITS.codeLength),
  source: z.string().min(1).max(LIMITS.codeLength),
  observedAt: timeSchema,
  fields: z
    .record(z.string().max(LIMITS.codeLength), factValueSchema)
    .refine(
      (fields) => Object.keys(fields).length <= LIMITS.factFields,
      `at most ${LIMITS.factFields} fields`,
    )
    // A refinement is not in a JSON Schema; this is the same rule for those who check with one.
    .meta({ maxProperties: LIMITS.factFields }),
});
export type SideFacts = z.infer<typeof sideFactsSchema>;

export const factsSchema = z.strictObject({
  order: sideFactsSchema,
  ledger: sideFactsSchema,
  bank: sideFactsSchema,
});
export type Facts = z.infer<typeof factsSchema>;

/** A field of one side's facts, for instance `order.counterparty`. */
export const revealFieldSchema = z
  .string()
  .max(LIMITS.codeLength * 2)
  .regex(/^(order|ledger|bank)\..+$/, 'order., ledger. or bank. and a field');

/** One broken record, as a client reports it. Its system is the connection's, so it is not in here. */
export const problemReportSchema = z.strictObject({
  fixCode: fixCodeSchema,
  businessKey: businessKeySchema,
  scenario: scenarioSchema,
  handling: z.enum(HANDLINGS),
  amountMinor: minorSchema,
  currency: currencySchema,
  occurredAt: timeSchema,
  outOfPocket: z.enum(OUT_OF_POCKET),
  facts: factsSchema,
  contradictions: z.array(z.string().max(LIMITS.codeLength)).max(LIMITS.contradictions),
});
export type ProblemReport = z.infer<typeof problemReportSchema>;

/** An effect that a repair committed: what was booked, sent, given back or set. */
export const effectSchema = z.strictObject({
  key: z.string().min(1).max(256),
  kind: z.enum([
    'status',
    'credit',
    'debit',
    'hold',
    'settle',
    'release',
    'reversal',
    'payout',
    'close',
    'refund',
  ]),
  amountMinor: positiveMinorSchema.or(z.literal('0')),
  currency: currencySchema,
});
export type Effect = z.infer<typeof effectSchema>;

/** How far one side's data reaches, so that "0 problems" can be believed. */
export const feedReachSchema = z.strictObject({
  side: z.enum(SIDES),
  reachesTo: timeSchema.nullable(),
  complete: z.boolean(),
  note: textSchema.optional(),
});
export type FeedReach = z.infer<typeof feedReachSchema>;
