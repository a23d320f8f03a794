/** The bodies of the messages that the server sends. */
import { z } from 'zod';
import { LIMITS } from '../limits.ts';
import { currencySchema, minorSchema } from '../money.ts';
import { OUTCOME_NAMES } from '../outcomes.ts';
import { TRIGGERS } from '../words.ts';
import {
  businessKeySchema,
  commandKeySchema,
  countSchema,
  fixCodeSchema,
  idSchema,
  rowIdSchema,
  scenarioSchema,
  sysCodeSchema,
  timeSchema,
} from './parts.ts';

/** Answer to `hello`. */
export const welcomeSchema = z.strictObject({
  protocolVersion: z.number().int(),
  sysCode: sysCodeSchema,
  serverTime: timeSchema,
  heartbeatMs: countSchema,
  /** Leases named in `hello` that were taken away meanwhile: their results come too late. */
  lostLeases: z.array(idSchema).max(1_000),
});

/** Find problems. One client of a system gets it; acknowledged at once, ended by `collect-done`. */
export const collectSchema = z.strictObject({
  commandId: idSchema,
  collectionId: idSchema,
  /** Grows when another client takes the command over; messages carry it back. */
  epoch: countSchema,
  fixCodes: z.array(fixCodeSchema).min(1).max(LIMITS.fixCodesPerClient),
  windowFrom: timeSchema,
  windowTo: timeSchema,
});
export type CollectCommand = z.infer<typeof collectSchema>;

export const cancelCollectSchema = z.strictObject({ commandId: idSchema });

/** One problem to repair. Fields from `evidenceHash` on are reserved for signed commands. */
export const fixItemSchema = z.strictObject({
  problemId: rowIdSchema,
  commandKey: commandKeySchema,
  fixCode: fixCodeSchema,
  businessKey: businessKeySchema,
  scenario: scenarioSchema,
  /** As reported; the same command key with another amount is an error and an alarm. */
  amountMinor: minorSchema,
  currency: currencySchema,
  /** 1 for the first execution. */
  attempt: z.number().int().min(1),
  trigger: z.enum(TRIGGERS),
  previousOutcome: z.enum(OUTCOME_NAMES).nullable(),
  evidenceHash: z.string().max(128).optional(),
  notBefore: timeSchema.optional(),
  expiresAt: timeSchema.optional(),
  signature: z.string().max(512).optional(),
  keyId: z.string().max(64).optional(),
});
export type FixItem = z.infer<typeof fixItemSchema>;

/** Repair these. All items of a message are under one lease; acknowledged at once. */
export const fixSchema = z.strictObject({
  leaseId: idSchema,
  epoch: countSchema,
  /** After this the server takes the answer for lost, unless a heartbeat renews the lease. */
  leaseMs: countSchema,
  items: z.array(fixItemSchema).min(1).max(LIMITS.fixesPerMessage),
});
export type FixCommand = z.infer<typeof fixSchema>;

/** What would this fix do now? Nothing is written. Answered by `preview-result`. */
export const previewSchema = z.strictObject({
  previewId: idSchema,
  fixCode: fixCodeSchema,
  businessKey: businessKeySchema,
  scenario: scenarioSchema,
  /** As the command would carry them, so that a plan which compares them sees what executing would see. */
  commandKey: commandKeySchema.optional(),
  amountMinor: minorSchema.optional(),
  currency: currencySchema.optional(),
});

export const FROM_SERVER = {
  welcome: welcomeSchema,
  collect: collectSchema,
  'cancel-collect': cancelCollectSchema,
  fix: fixSchema,
  preview: previewSchema,
} as const;
