/** Limits of unattended executions, breakers, canaries, and the switch that stops them. */
import { z } from 'zod';
import { LIMITS } from '../limits.ts';
import { fixCodeSchema, rowIdSchema, sysCodeSchema, timeSchema } from '../messages/parts.ts';
import { currencySchema, positiveMinorSchema } from '../money.ts';

/** What stands still: a person's stop, a breaker that tripped, an hourly limit that was reached. */
export const HALT_KINDS = ['switch', 'breaker', 'limit'] as const;
export type HaltKind = (typeof HALT_KINDS)[number];

export const HALT_CAUSES = [
  'person',
  'report-rate',
  'failure-share',
  'contradictions',
  'executions-per-hour',
  'amount-per-hour',
] as const;
export type HaltCause = (typeof HALT_CAUSES)[number];

const shareSchema = z.number().int().min(1).max(100);
const countLimitSchema = z.number().int().min(1).max(1_000_000);

/** When repair halts by itself. Null: that is not judged. Small numbers are never judged. */
export const breakerSchema = z.strictObject({
  /** Reports of the last hour against the usual hour of the seven days before. */
  reportTimes: z.number().min(1.5).max(1_000).nullable(),
  reportMin: countLimitSchema,
  /** Failed, refused and unknown among the executions of the last hour. */
  failurePercent: shareSchema.nullable(),
  failureMin: countLimitSchema,
  /** More contradictions than this in the last 24 hours: fixed but not verified, or reported again all the same. */
  contradictionsMax: z.number().int().min(0).max(1_000_000).nullable(),
});
export type BreakerSettings = z.infer<typeof breakerSchema>;

export const limitSettingsSchema = z.strictObject({
  /** What ticks may hand out in any 60 minutes; null: as many as are due. */
  executionsPerHour: countLimitSchema.nullable(),
  /** At most one per currency; a currency that is not named has no limit. */
  amountsPerHour: z
    .array(z.strictObject({ currency: currencySchema, amountMinor: positiveMinorSchema }))
    .max(20)
    .refine(
      (rows) => new Set(rows.map(({ currency }) => currency)).size === rows.length,
      'each currency once',
    ),
  breaker: breakerSchema.nullable(),
  /** So many executions of each new version of the solution must go well by a click before ticks begin. */
  canary: z.number().int().min(0).max(1_000),
});
export type LimitSettings = z.infer<typeof limitSettingsSchema>;

export const haltSchema = z.object({
  id: rowIdSchema,
  kind: z.enum(HALT_KINDS),
  /** Null: everything. */
  sysCode: sysCodeSchema.nullable(),
  /** Null: the whole system. */
  fixCode: fixCodeSchema.nullable(),
  /** Clicks wait too; otherwise only ticks do. */
  includeManual: z.boolean(),
  cause: z.enum(HALT_CAUSES),
  /** The figures that led to it, as they were then; empty for a person's stop. */
  figures: z.record(z.string().max(LIMITS.codeLength), z.union([z.string(), z.number()])),
  reason: z.string(),
  since: timeSchema,
  by: z.string(),
  endedAt: timeSchema.nullable(),
  endedBy: z.string().nullable(),
  endedReason: z.string().nullable(),
});
export type Halt = z.infer<typeof haltSchema>;

const countSchema = z.number().int().min(0);

/** The limits of one solution, or of a system over all its solutions, with what has been used. */
export const limitsSchema = z.object({
  sysCode: sysCodeSchema,
  /** Null: the system over all its solutions. */
  fixCode: fixCodeSchema.nullable(),
  settings: limitSettingsSchema,
  /** 0 where nothing was ever set; a change names the version that it is of. */
  version: countSchema,
  changedAt: timeSchema.nullable(),
  changedBy: z.string().nullable(),
  /** Handed out by ticks in the last 60 minutes. */
  used: z.object({
    executions: countSchema,
    amounts: z.array(z.object({ currency: z.string(), amountMinor: z.string() })),
  }),
  /** What the breaker judges, whether or not it is set. */
  figures: z.object({
    reports: countSchema,
    /** Null before there is a day to compare with. */
    usualReports: z.number().min(0).nullable(),
    finished: countSchema,
    failed: countSchema,
    contradictions: countSchema,
  }),
  /** Of the solution's version as it is now; null for systems. */
  canary: z.object({ solutionVersion: z.number().int(), done: countSchema }).nullable(),
});
export type Limits = z.infer<typeof limitsSchema>;
