/** Four eyes: the policy that says what needs a second person, requests for one, and what became of them. */
import { z } from 'zod';
import { LIMITS } from '../limits.ts';
import {
  businessKeySchema,
  countSchema,
  fixCodeSchema,
  rowIdSchema,
  scenarioSchema,
  sysCodeSchema,
  timeSchema,
} from '../messages/parts.ts';
import { currencySchema, minorSchema, positiveMinorSchema } from '../money.ts';
import { limitSettingsSchema } from './limits.ts';
import {
  amountsSchema,
  bilingual,
  previewSchema,
  solutionChangeSchema,
  solutionImpactSchema,
  solutionInputSchema,
} from './resources.ts';
import { problemFilterSchema } from './routes/problems.ts';

// The policy ------------------------------------------------------------------------------------------------------

/**
 * - `careful`: the rules of this build, the default of a new installation;
 * - `as-configured`: the solutions' execution modes alone decide, nothing needs a second person;
 * - `own`: the installation's rules.
 */
export const APPROVAL_MODES = ['careful', 'as-configured', 'own'] as const;
export type ApprovalMode = (typeof APPROVAL_MODES)[number];

/** How one kind of problem may run without a click: always, up to an amount, never. */
export const UNATTENDED_LEVELS = ['automatic', 'below-amount', 'person'] as const;
export type UnattendedLevel = (typeof UNATTENDED_LEVELS)[number];

/** What always needs a second person, whatever the amounts. */
export const ALWAYS_TWO = ['takes-from-customer', 'change-solution', 'reopen-fixed', 'raise-limits'] as const;
export type AlwaysTwo = (typeof ALWAYS_TWO)[number];

/** Null: no limit. A currency that has no line is above it with every amount. */
const upToSchema = z
  .array(z.strictObject({ currency: currencySchema, amountMinor: positiveMinorSchema }))
  .max(20)
  .refine((rows) => new Set(rows.map(({ currency }) => currency)).size === rows.length, 'each currency once')
  .nullable();
export type UpTo = z.infer<typeof upToSchema>;

export const approvalRulesSchema = z.strictObject({
  /** A scenario that is not named: `person`. */
  unattended: z.partialRecord(scenarioSchema, z.enum(UNATTENDED_LEVELS)),
  /** The amount of one problem for `below-amount`. */
  unattendedUpTo: upToSchema,
  /** The amount of one problem that one person may run. */
  aloneUpTo: upToSchema,
  /** How many problems one person may run at once. */
  bulkProblems: z.number().int().min(1).max(1_000_000).nullable(),
  /** The sum of what one person may run at once. */
  bulkUpTo: upToSchema,
  /** The sum of what one person may run in any 24 hours without a second one. */
  perDayUpTo: upToSchema,
  always: z.array(z.enum(ALWAYS_TWO)).max(ALWAYS_TWO.length),
});
export type ApprovalRules = z.infer<typeof approvalRulesSchema>;

const policyFields = {
  mode: z.enum(APPROVAL_MODES),
  /** One person works here, who knows that nothing needs a second one until this is switched off. */
  singlePerson: z.boolean(),
  /** Those that hold under `own`; kept, and without effect, under the other modes. */
  rules: approvalRulesSchema,
};

export const approvalPolicySchema = z.object({
  ...policyFields,
  version: z.number().int().min(1),
  /** What holds now: the rules of the mode; null where nothing needs a second person. */
  effective: approvalRulesSchema.nullable(),
  /** The rules of `careful`. */
  careful: approvalRulesSchema,
  changedAt: timeSchema,
  changedBy: z.string(),
  reason: z.string(),
  /** Nobody but the caller could approve, so the caller may switch `singlePerson` on alone. */
  nobodyElse: z.boolean(),
});
export type ApprovalPolicy = z.infer<typeof approvalPolicySchema>;

// Commands --------------------------------------------------------------------------------------------------------

/** The version that was read; another one by now is `wrong-state`. */
const version = z.number().int().min(0);
export const approvalPolicyInputSchema = z.strictObject({
  version,
  mode: policyFields.mode,
  singlePerson: policyFields.singlePerson,
  rules: policyFields.rules,
});
export type ApprovalPolicyInput = z.infer<typeof approvalPolicyInputSchema>;

/** What exactly would be done: the act and what its route takes. The request's reason is the act's reason. */
export const approvalCommandSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('run'), problemId: rowIdSchema }),
  z.strictObject({ kind: z.literal('run-many'), ids: z.array(rowIdSchema).min(1).max(LIMITS.bulkIds) }),
  z.strictObject({
    kind: z.literal('run-matching'),
    filter: problemFilterSchema,
    expectedCount: z.number().int().min(1),
  }),
  z.strictObject({ kind: z.literal('reopen'), problemId: rowIdSchema }),
  z.strictObject({ kind: z.literal('create-solution'), solution: solutionInputSchema }),
  z.strictObject({ kind: z.literal('change-solution'), id: rowIdSchema, change: solutionChangeSchema }),
  z.strictObject({ kind: z.literal('delete-solution'), id: rowIdSchema }),
  z.strictObject({
    kind: z.literal('import-solutions'),
    items: z.array(solutionInputSchema).min(1).max(1000),
  }),
  z.strictObject({
    kind: z.literal('set-limits'),
    sysCode: sysCodeSchema,
    fixCode: fixCodeSchema.nullable(),
    version,
    settings: limitSettingsSchema,
  }),
  z.strictObject({ kind: z.literal('change-policy'), policy: approvalPolicyInputSchema }),
]);
export type ApprovalCommand = z.infer<typeof approvalCommandSchema>;
export type ApprovalKind = ApprovalCommand['kind'];
export const APPROVAL_KINDS = [
  'run',
  'run-many',
  'run-matching',
  'reopen',
  'create-solution',
  'change-solution',
  'delete-solution',
  'import-solutions',
  'set-limits',
  'change-policy',
] as const satisfies readonly ApprovalKind[];

// Why, and what -----------------------------------------------------------------------------------------------------

/**
 * Why something needs a second person.
 * - `amount`: one problem is above `aloneUpTo`; - `bulk-problems`, `bulk-amount`: too many or too much at once;
 * - `day-amount`: with what the person ran in the last 24 hours it is too much; the others are of `always`.
 */
export const APPROVAL_CAUSES = [
  'amount',
  'bulk-problems',
  'bulk-amount',
  'day-amount',
  ...ALWAYS_TWO,
  'change-policy',
] as const;
export type ApprovalCause = (typeof APPROVAL_CAUSES)[number];

export const approvalNeedSchema = z.object({
  cause: z.enum(APPROVAL_CAUSES),
  /** Of amounts; null otherwise. */
  currency: z.string().nullable(),
  /** What is asked for, as a count or an amount in minor units; with what went before for `day-amount`. */
  given: z.string().nullable(),
  /** What one person may do; null where none has a limit line, so that nothing is allowed. */
  allowed: z.string().nullable(),
  /** The same in words. */
  text: bilingual,
});
export type ApprovalNeed = z.infer<typeof approvalNeedSchema>;

/** What the command would do, as it was when it was asked for. */
export const approvalPreviewSchema = z.object({
  /** Of runs: how many would be executed, and their sums. */
  problems: countSchema,
  amounts: amountsSchema,
  /** The largest of them, at most 20. */
  sample: z.array(
    z.object({
      problemId: rowIdSchema,
      sysCode: sysCodeSchema,
      fixCode: fixCodeSchema,
      businessKey: businessKeySchema,
      scenario: scenarioSchema,
      amountMinor: minorSchema,
      currency: currencySchema,
    }),
  ),
  /** What the client said that its fix would do; null where none was asked or none answered. */
  plan: previewSchema.nullable(),
  /** Fields that change: of a solution (`what` is its fix code), of limits, of the policy. */
  changes: z.array(z.object({ what: z.string(), field: z.string(), from: z.unknown(), to: z.unknown() })),
  /** Of a changed or new solution. */
  impact: solutionImpactSchema.nullable(),
});
export type ApprovalPreview = z.infer<typeof approvalPreviewSchema>;

// Requests ----------------------------------------------------------------------------------------------------------

/**
 * - `approved`: a second person agreed and the command was carried out in the same transaction;
 * - `void`: something that it was about changed, so that it can no longer be approved.
 */
export const APPROVAL_STATES = ['open', 'approved', 'rejected', 'withdrawn', 'expired', 'void'] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

/** Why the caller cannot decide about an open request. */
export const CANNOT_DECIDE = ['own-request', 'not-allowed', 'not-open', 'token'] as const;

export const approvalSchema = z.object({
  id: rowIdSchema,
  kind: z.enum(APPROVAL_KINDS),
  command: approvalCommandSchema,
  preview: approvalPreviewSchema,
  /** Why it needed a second person when it was asked for. */
  needs: z.array(approvalNeedSchema),
  /** The systems concerned; empty where it concerns the whole installation. */
  sysCodes: z.array(sysCodeSchema),
  policyVersion: z.number().int(),
  reason: z.string(),
  requestedBy: z.string(),
  requestedAt: timeSchema,
  expiresAt: timeSchema,
  /** SHA-256 of command, evidence, preview, policy version and expiry, in hexadecimal. An approval names it. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  state: z.enum(APPROVAL_STATES),
  /** Who approved, rejected or withdrew it; a policy where it expired or became void. */
  decidedBy: z.string().nullable(),
  decidedAt: timeSchema.nullable(),
  decisionReason: z.string().nullable(),
  /** The bulk run that came of it. */
  bulkRunId: rowIdSchema.nullable(),
  /** Null: the caller may approve or reject it. */
  cannotDecide: z.enum(CANNOT_DECIDE).nullable(),
  /** The caller asked for it and may withdraw it. */
  mayWithdraw: z.boolean(),
});
export type Approval = z.infer<typeof approvalSchema>;

export const APPROVAL_TABS = ['to-decide', 'mine', 'history'] as const;
export type ApprovalTab = (typeof APPROVAL_TABS)[number];
