/** What the bank and its merchants say to each other over HTTP. */
import { z } from 'zod';

export const REQUEST_STATES = ['received', 'settled', 'failed', 'closed', 'returned', 'refunded'] as const;
export type RequestState = (typeof REQUEST_STATES)[number];

/** The bank's word for each state. */
export const ANSWERS = {
  received: 'PROCESSING',
  settled: 'PAID',
  failed: 'FAILED',
  closed: 'CLOSED',
  returned: 'RETURNED',
  refunded: 'REFUNDED',
} as const satisfies Record<RequestState, string>;

export const requestNoSchema = z.string().min(1).max(140);
const minorSchema = z.string().regex(/^[1-9][0-9]{0,17}$/, 'a positive whole number of minor units as text');

/** Asks the bank to take money from a payer (`collect`) or to pay a payee (`payout`). */
export const submitSchema = z.strictObject({
  requestNo: requestNoSchema,
  orderNo: z.string().min(1).max(128),
  kind: z.enum(['collect', 'payout']),
  amountMinor: minorSchema,
  currency: z.string().regex(/^[A-Z]{3}$/),
  counterparty: z.string().min(1).max(200),
  /** Where the end result is told; at most one per request, the first one counts. */
  callbackUrl: z.url().max(500).optional(),
});
export type Submit = z.infer<typeof submitSchema>;

export const closeSchema = z.strictObject({ orderNo: z.string().min(1).max(128).optional() });

/** The answer to submit, query and close. */
export const requestAnswerSchema = z.object({
  requestNo: requestNoSchema,
  state: z.enum(['PROCESSING', 'PAID', 'FAILED', 'CLOSED', 'RETURNED', 'REFUNDED']),
  amountMinor: minorSchema.nullable(),
  currency: z.string().nullable(),
  receivedAt: z.iso.datetime(),
});
export type RequestAnswer = z.infer<typeof requestAnswerSchema>;

/** `NOT_FOUND` (404), `CONTENT_DIFFERS` (409), `INVALID` (400). */
export const bankErrorSchema = z.object({ code: z.string(), message: z.string() });

export const statementLineSchema = z.object({
  lineNo: z.string().regex(/^[1-9][0-9]{0,18}$/),
  requestNo: requestNoSchema,
  orderNo: z.string(),
  kind: z.enum(['collect', 'payout', 'return', 'refund']),
  amountMinor: minorSchema,
  currency: z.string(),
  bookedAt: z.iso.datetime(),
});

/** One page of the statement, by line number. */
export const statementPageSchema = z.object({
  lines: z.array(statementLineSchema),
  /** On the last page: every movement until then is on the pages so far. Null where more pages follow. */
  reachesTo: z.iso.datetime().nullable(),
});
export type StatementPage = z.infer<typeof statementPageSchema>;

/** What the bank tells the merchant when a request came to its end; only a hint: the merchant asks back. */
export const callbackSchema = z.object({
  requestNo: requestNoSchema,
  orderNo: z.string(),
  state: z.string(),
});

export const STATEMENT_PAGE_MAX = 2_000;
