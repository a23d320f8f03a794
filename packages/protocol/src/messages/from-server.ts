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
  revealFieldSchema,
  rowIdSchema,
  scenarioSchema,
  sysCodeSchema,
  timeSchema,
} from './parts.ts';

/** What every command carries that only the server may give. Optional here, so that the refusal can say what lacks. */
const signedFields = {
  /** When it was signed. */
  notBefore: timeSchema.optional(),
  /** A command that arrives later is refused. */
  expiresAt: timeSchema.optional(),
  /** Ed25519 over the canonical bytes of the command, in base64url. */
  signature: z.string().max(512).optional(),
  /** Which key of the server it is made with. */
  keyId: z.string().max(64).optional(),
};

/**
 * The server's public keys, signed by each of them, so that a client which trusts one of them may follow to the
 * others. Sent again whenever they change.
 */
export const serverKeysSchema = z.strictObject({
  keys: z.array(z.string().max(128)).min(1).max(LIMITS.serverKeysMax),
  notBefore: timeSchema,
  expiresAt: timeSchema,
  signatures: z
    .array(z.strictObject({ keyId: z.string().max(64), signature: z.string().max(512) }))
    .min(1)
    .max(LIMITS.serverKeysMax),
});
export type ServerKeysNews = z.infer<typeof serverKeysSchema>;

/** Answer to `hello`. */
export const welcomeSchema = z.strictObject({
  protocolVersion: z.number().int(),
  sysCode: sysCodeSchema,
  serverTime: timeSchema,
  heartbeatMs: countSchema,
  /** Leases named in `hello` that were taken away meanwhile: their results come too late. */
  lostLeases: z.array(idSchema).max(1_000),
  /** Left out where the server has no key; it then sends no commands either. */
  serverKeys: serverKeysSchema.optional(),
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

/** One problem to repair, signed by itself or with its message. */
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
  /** SHA-256 of the facts as they were reported; the result carries it back. */
  evidenceHash: z.string().max(128).optional(),
  ...signedFields,
});
export type FixItem = z.infer<typeof fixItemSchema>;

/**
 * Repair these. All items of a message are under one lease; acknowledged at once. The message is signed as a whole where
 * the client said that it knows `fix-signed-whole`; otherwise each item is.
 */
export const fixSchema = z.strictObject({
  leaseId: idSchema,
  epoch: countSchema,
  /** After this the server takes the answer for lost, unless a heartbeat renews the lease. */
  leaseMs: countSchema,
  items: z.array(fixItemSchema).min(1).max(LIMITS.fixesPerMessage),
  ...signedFields,
});
export type FixCommand = z.infer<typeof fixSchema>;

/**
 * Begin nothing more of these leases, also of one that arrives only later. What is begun ends as usual; what was not
 * is told by `halted`. Nothing begins after the acknowledgement.
 */
export const haltMessageSchema = z.strictObject({
  leaseIds: z.array(idSchema).min(1).max(LIMITS.leasesPerHalt),
});

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
  ...signedFields,
});

/** Show the unmasked values of named personal fields of one record. Answered by `revealed`; nothing is written. */
export const revealSchema = z.strictObject({
  revealId: idSchema,
  fixCode: fixCodeSchema,
  businessKey: businessKeySchema,
  fields: z.array(revealFieldSchema).min(1).max(LIMITS.revealFieldsMax),
  ...signedFields,
});

export const FROM_SERVER = {
  welcome: welcomeSchema,
  collect: collectSchema,
  'cancel-collect': cancelCollectSchema,
  fix: fixSchema,
  halt: haltMessageSchema,
  preview: previewSchema,
  reveal: revealSchema,
  'server-keys': serverKeysSchema,
} as const;
