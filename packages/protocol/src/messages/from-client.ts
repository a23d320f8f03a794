/** The bodies of the messages that a client sends. */
import { z } from 'zod';
import { ERROR_CODES } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { REPORTED_OUTCOME_NAMES } from '../outcomes.ts';
import {
  businessKeySchema,
  commandKeySchema,
  countSchema,
  effectSchema,
  factsSchema,
  feedReachSchema,
  fixCodeSchema,
  idSchema,
  problemReportSchema,
  revealFieldSchema,
  rowIdSchema,
  scenarioSchema,
  textSchema,
  timeSchema,
} from './parts.ts';

/** For `knows`: a `fix` that is signed once for all of its items. */
export const FIX_SIGNED_WHOLE = 'fix-signed-whole';

/** First message on a connection: who this client is and what it can do. Answered by `welcome`. */
export const helloSchema = z.strictObject({
  /** Made by the process at its start; a reconnect keeps it. */
  clientId: idSchema,
  protocolVersions: z.array(z.number().int()).min(1).max(8),
  sdk: z.strictObject({ name: z.string().max(64), version: z.string().max(64) }),
  application: z.strictObject({ name: z.string().max(64), version: z.string().max(64) }),
  host: z.string().max(255),
  pid: countSchema,
  /** Fixes this client runs at the same time. */
  places: z.number().int().min(1).max(LIMITS.placesMax),
  /** Fix codes whose collector and fix are compiled in. */
  collectors: z.array(fixCodeSchema).max(LIMITS.fixCodesPerClient),
  fixes: z.array(fixCodeSchema).max(LIMITS.fixCodesPerClient),
  /** Open leases of an earlier connection that this process still works on. */
  leases: z.array(idSchema).max(1_000),
  /** What has come to the protocol since its first version and this client understands; other words mean nothing. */
  knows: z.array(z.string().min(1).max(LIMITS.codeLength)).max(32).optional(),
});

/** Says that the client is alive and what it is doing; renews the leases it names. Answered by `ack`. */
export const heartbeatSchema = z.strictObject({
  freePlaces: countSchema,
  leases: z.array(idSchema).max(1_000),
  collectCommands: z.array(idSchema).max(100),
  eventLoopLagMs: z.number().min(0),
});

/** A batch of found problems. Acknowledged after its commit; at most four may wait for that. */
export const problemsSchema = z.strictObject({
  commandId: idSchema,
  epoch: countSchema,
  /** 1, 2, 3 … within the command; a repeated number is acknowledged and not stored again. */
  sequence: z.number().int().min(1),
  problems: z.array(problemReportSchema).min(1).max(LIMITS.problemsPerMessage),
});

/** How far a running collect came. */
export const collectProgressSchema = z.strictObject({
  commandId: idSchema,
  epoch: countSchema,
  rowsScanned: countSchema,
  problemsFound: countSchema,
});

/** The honest end of a collect. Acknowledged after its commit. */
export const collectDoneSchema = z.strictObject({
  commandId: idSchema,
  epoch: countSchema,
  complete: z.boolean(),
  /** Why it is not complete. */
  reason: textSchema.optional(),
  rowsScanned: countSchema,
  problemsFound: countSchema,
  durationMs: countSchema,
  feeds: z.array(feedReachSchema).max(10),
});

/** What became of one item of a `fix` message. */
export const fixResultSchema = z.strictObject({
  problemId: rowIdSchema,
  commandKey: commandKeySchema,
  /** The item's, so that an answer counts only for the evidence that the server sent the command for. */
  evidenceHash: z.string().max(128).optional(),
  outcome: z.enum(REPORTED_OUTCOME_NAMES),
  /** What the facts are now, where it could be told. */
  scenario: scenarioSchema.nullable(),
  reason: textSchema,
  /** Set when the server must raise an alarm, for instance `payload-changed`. */
  alarm: z.enum(ERROR_CODES).optional(),
  /** Effects committed for this command key, by this try or an earlier one. */
  effects: z.array(effectSchema).max(LIMITS.effectsPerResult),
  /** The effects were committed by an earlier try; this is the recorded answer. */
  replayed: z.boolean(),
  /** All sides were read again after the repair and are right. */
  verified: z.boolean(),
  facts: factsSchema.nullable(),
  startedAt: timeSchema,
  finishedAt: timeSchema,
});
export type FixResult = z.infer<typeof fixResultSchema>;

/** Results of a lease, in one or several messages. Acknowledged after their commit. */
export const fixResultsSchema = z.strictObject({
  leaseId: idSchema,
  epoch: countSchema,
  results: z.array(fixResultSchema).min(1).max(LIMITS.fixesPerMessage),
});

/** What a client was handed and did not begin, because a `halt` came first. As if it had never been handed out. */
export const haltedSchema = z.strictObject({
  leases: z
    .array(
      z.strictObject({
        leaseId: idSchema,
        problemIds: z.array(rowIdSchema).min(1).max(LIMITS.fixesPerMessage),
      }),
    )
    .min(1)
    .max(LIMITS.leasesPerHalt),
});

/**
 * The client takes nothing more: what it was sent and has not acknowledged before this, it will not do. It may be said
 * again.
 */
export const leavingSchema = z.strictObject({});

export const planStepSchema = z.strictObject({
  kind: effectSchema.shape.kind,
  key: effectSchema.shape.key,
  amountMinor: effectSchema.shape.amountMinor,
  currency: effectSchema.shape.currency,
  text: z.strictObject({ en: textSchema, zh: textSchema }),
});
export type PlanStep = z.infer<typeof planStepSchema>;

/** What a fix would do now, without having written anything. */
export const previewResultSchema = z.strictObject({
  previewId: idSchema,
  fixCode: fixCodeSchema,
  businessKey: businessKeySchema,
  /** `act` with the steps, or the outcome that executing now would have without acting. */
  verdict: z.enum(['act', ...REPORTED_OUTCOME_NAMES]),
  scenario: scenarioSchema.nullable(),
  reason: textSchema,
  steps: z.array(planStepSchema).max(LIMITS.effectsPerResult),
  facts: factsSchema.nullable(),
});
export type PreviewResult = z.infer<typeof previewResultSchema>;

/** The values that a `reveal` asked for. They are shown and never stored. */
export const revealedSchema = z.strictObject({
  revealId: idSchema,
  values: z
    .array(
      z.strictObject({ field: revealFieldSchema, value: z.string().max(LIMITS.factTextLength).nullable() }),
    )
    .max(LIMITS.revealFieldsMax),
});
export type Revealed = z.infer<typeof revealedSchema>;

export const FROM_CLIENT = {
  hello: helloSchema,
  heartbeat: heartbeatSchema,
  problems: problemsSchema,
  'collect-progress': collectProgressSchema,
  'collect-done': collectDoneSchema,
  'fix-results': fixResultsSchema,
  halted: haltedSchema,
  leaving: leavingSchema,
  'preview-result': previewResultSchema,
  revealed: revealedSchema,
} as const;
