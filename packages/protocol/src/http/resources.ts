/**
 * The resources of the HTTP API, one schema each; the types, the OpenAPI document and the checks at the edge
 * all come from here. Ids are whole numbers as text, amounts are minor units as text, times are ISO 8601 UTC.
 */
import { z } from 'zod';
import { ERROR_CODES } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { planStepSchema } from '../messages/from-client.ts';
import {
  businessKeySchema,
  countSchema,
  effectSchema,
  factsSchema,
  feedReachSchema,
  fixCodeSchema,
  idSchema,
  rowIdSchema,
  scenarioSchema,
  sysCodeSchema,
  timeSchema,
} from '../messages/parts.ts';
import { currencySchema, minorSchema } from '../money.ts';
import { OUTCOME_NAMES, REPORTED_OUTCOME_NAMES } from '../outcomes.ts';
import {
  COLLECT_STATES,
  DIRECTIONS,
  EXECUTION_MODES,
  HANDLINGS,
  LEVELS,
  MESSAGE_STATES,
  OUT_OF_POCKET,
  PROBLEM_STATES,
  SOLUTION_STATUSES,
  TRIGGERS,
  WAIT_REASONS,
} from '../words.ts';

export const bilingual = z.object({ en: z.string(), zh: z.string() });

/** Body of every answer that is not a success. */
export const problemDetailsSchema = z.object({
  code: z.enum(ERROR_CODES),
  message: bilingual,
  detail: z.string(),
  retryable: z.boolean(),
  requestId: z.string(),
  fields: z.array(z.object({ field: z.string(), reason: bilingual })),
});

export const warningSchema = z.object({ field: z.string(), message: bilingual });

export const systemSchema = z.object({
  sysCode: sysCodeSchema,
  name: z.string().max(128),
  collectCron: z.string().nullable(),
  collectTimeZone: z.string(),
  collectWindowMs: countSchema,
  enabled: z.boolean(),
  createdAt: timeSchema,
  /** The alarm of the collect cron: a scheduled collect that did not run or did not complete. */
  alarm: bilingual.nullable(),
  lastCollectAt: timeSchema.nullable(),
  clientsConnected: countSchema,
});

export const systemKeySchema = z.object({
  id: rowIdSchema,
  sysCode: sysCodeSchema,
  /** First characters, to tell keys apart; the key itself is shown once and stored hashed. */
  prefix: z.string(),
  createdAt: timeSchema,
  lastUsedAt: timeSchema.nullable(),
  revokedAt: timeSchema.nullable(),
});

/** A key that the server signs commands with; its private half never leaves the server. */
export const serverKeySchema = z.object({
  keyId: z.string(),
  /** As clients pin it: `ed25519:` and 43 characters. */
  publicKey: z.string(),
  inUse: z.boolean(),
  createdAt: timeSchema,
});

export const clientSchema = z.object({
  clientId: idSchema,
  sysCode: sysCodeSchema,
  application: z.object({ name: z.string(), version: z.string() }),
  sdk: z.object({ name: z.string(), version: z.string() }),
  host: z.string(),
  pid: countSchema,
  connected: z.boolean(),
  connectedAt: timeSchema,
  disconnectedAt: timeSchema.nullable(),
  lastHeartbeatAt: timeSchema.nullable(),
  lastAnsweredAt: timeSchema.nullable(),
  places: countSchema,
  placesUsed: countSchema,
  eventLoopLagMs: z.number().nullable(),
  collectors: z.array(fixCodeSchema),
  fixes: z.array(fixCodeSchema),
});

export const collectCommandSchema = z.object({
  id: rowIdSchema,
  sysCode: sysCodeSchema,
  state: z.enum(COLLECT_STATES),
  clientId: idSchema.nullable(),
  epoch: countSchema,
  fixCodes: z.array(fixCodeSchema),
  rowsScanned: countSchema,
  problemsReported: countSchema,
  problemsNew: countSchema,
  feeds: z.array(feedReachSchema),
  reason: z.string().nullable(),
  startedAt: timeSchema.nullable(),
  finishedAt: timeSchema.nullable(),
  clientVersion: z.string().nullable(),
});

export const collectionSchema = z.object({
  id: rowIdSchema,
  trigger: z.enum(['click', 'cron']),
  requestedBy: z.string().nullable(),
  windowFrom: timeSchema,
  windowTo: timeSchema,
  state: z.enum(COLLECT_STATES),
  createdAt: timeSchema,
  finishedAt: timeSchema.nullable(),
  commands: z.array(collectCommandSchema),
});

export const problemSchema = z.object({
  id: rowIdSchema,
  sysCode: sysCodeSchema,
  fixCode: fixCodeSchema,
  businessKey: businessKeySchema,
  scenario: scenarioSchema,
  handling: z.enum(HANDLINGS),
  state: z.enum(PROBLEM_STATES),
  waitReason: z.enum(WAIT_REASONS).nullable(),
  /** The next tick, where it waits for one. */
  nextTickAt: timeSchema.nullable(),
  amountMinor: minorSchema,
  currency: currencySchema,
  outOfPocket: z.enum(OUT_OF_POCKET),
  occurredAt: timeSchema,
  firstSeenAt: timeSchema,
  lastSeenAt: timeSchema,
  seenCount: countSchema,
  attempts: countSchema,
  retriesUsed: countSchema,
  maxRetries: countSchema.nullable(),
  reopenCount: countSchema,
  /** Opened again after it had been fixed or closed; waits for a person. */
  reopened: z.boolean(),
  /** Seen again after a person closed it. */
  seenSinceClosed: z.boolean(),
  /** The open request for a second person about running it; null where there is none. */
  approvalId: rowIdSchema.nullable().default(null),
  lastOutcome: z.enum(OUTCOME_NAMES).nullable(),
  lastReason: z.string().nullable(),
  stateChangedAt: timeSchema,
  confirmedAt: timeSchema.nullable(),
});

export const executionSchema = z.object({
  id: rowIdSchema,
  problemId: rowIdSchema,
  sysCode: sysCodeSchema,
  fixCode: fixCodeSchema,
  businessKey: businessKeySchema,
  attempt: countSchema,
  trigger: z.enum(TRIGGERS),
  solutionVersion: countSchema,
  clientId: idSchema,
  commandKey: z.string(),
  outcome: z.enum(OUTCOME_NAMES),
  /** What the execution made of the problem. */
  stateAfter: z.enum(PROBLEM_STATES),
  /** Of the solution's version that it ran under: at most 1 + this many executions that use a retry. */
  maxRetries: countSchema.nullable(),
  reason: z.string(),
  effects: z.array(effectSchema),
  movedMinor: minorSchema,
  replayed: z.boolean(),
  verified: z.boolean(),
  facts: factsSchema.nullable(),
  dispatchedAt: timeSchema,
  startedAt: timeSchema.nullable(),
  finishedAt: timeSchema,
  /** In lists, for the latest try of a problem that waits for a tick: that tick. Null everywhere else. */
  nextTickAt: timeSchema.nullable().default(null),
});

/** Work that a client has under a lease just now. */
export const leaseSchema = z.object({
  id: idSchema,
  sysCode: sysCodeSchema,
  fixCode: fixCodeSchema,
  clientId: idSchema,
  trigger: z.enum(TRIGGERS),
  problems: countSchema,
  answered: countSchema,
  /** The first of its problems, at most 100. */
  items: z.array(z.object({ problemId: rowIdSchema, businessKey: businessKeySchema, answered: z.boolean() })),
  leasedAt: timeSchema,
  expiresAt: timeSchema,
});

export const historyEntrySchema = z.object({
  at: timeSchema,
  actor: z.string(),
  act: z.string(),
  reason: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
});

export const problemDetailSchema = problemSchema.extend({
  contradictions: z.array(z.string()),
  facts: factsSchema,
  sentence: bilingual,
  executions: z.array(executionSchema),
  history: z.array(historyEntrySchema),
});

/** The fields of a solution that a person sets. Unknown fields are refused by name. */
export const solutionInputSchema = z.strictObject({
  sysCode: sysCodeSchema,
  fixCode: fixCodeSchema,
  maxRetries: z.number().int().min(0).max(LIMITS.maxRetriesMax).default(0),
  retryCron: z.string().max(256).default('0 0/2 * * * ?'),
  timeZone: z.string().max(64).default('UTC'),
  executionMode: z.enum(EXECUTION_MODES).default('automatic'),
  status: z.enum(SOLUTION_STATUSES).default('enabled'),
  level: z.enum(LEVELS).default('very-important'),
  description: z.string().max(LIMITS.descriptionLength).default(''),
});
/** A change names only what it changes; system and fix code are the solution's identity and never change. */
export const solutionChangeSchema = z
  .strictObject({
    maxRetries: z.number().int().min(0).max(LIMITS.maxRetriesMax),
    retryCron: z.string().max(256),
    timeZone: z.string().max(64),
    executionMode: z.enum(EXECUTION_MODES),
    status: z.enum(SOLUTION_STATUSES),
    level: z.enum(LEVELS),
    description: z.string().max(LIMITS.descriptionLength),
    /** The version the change was made from; refused when someone else changed it meanwhile. */
    expectedVersion: z.number().int().min(1),
  })
  .partial();

export const solutionSchema = z.object({
  id: rowIdSchema,
  sysCode: sysCodeSchema,
  fixCode: fixCodeSchema,
  version: countSchema,
  maxRetries: countSchema,
  retryCron: z.string(),
  timeZone: z.string(),
  executionMode: z.enum(EXECUTION_MODES),
  status: z.enum(SOLUTION_STATUSES),
  level: z.enum(LEVELS),
  description: z.string(),
  changedAt: timeSchema,
  changedBy: z.string(),
  nextTicks: z.array(timeSchema),
  warnings: z.array(warningSchema),
  /** The cron in words; absent in the list of versions. */
  words: bilingual.optional(),
});

export const messageSchema = z.object({
  id: rowIdSchema,
  messageId: z.string(),
  direction: z.enum(DIRECTIONS),
  type: z.string(),
  sysCode: z.string().nullable(),
  clientId: z.string().nullable(),
  state: z.enum(MESSAGE_STATES),
  errorCode: z.enum(ERROR_CODES).nullable(),
  collectionId: rowIdSchema.nullable(),
  leaseId: z.string().nullable(),
  sizeBytes: countSchema,
  latencyMs: z.number().nullable(),
  at: timeSchema,
  payload: z.unknown(),
});

export const previewSchema = z.object({
  verdict: z.enum(['act', ...REPORTED_OUTCOME_NAMES]),
  scenario: scenarioSchema.nullable(),
  reason: z.string(),
  steps: z.array(planStepSchema),
  facts: factsSchema.nullable(),
});

export const amountsSchema = z.array(z.object({ currency: currencySchema, amountMinor: minorSchema }));

export const VIEW_PAGES = ['problems', 'executions', 'messages', 'collections'] as const;
/** A list's filters under a name. */
export const viewSchema = z.object({
  id: rowIdSchema,
  page: z.enum(VIEW_PAGES),
  name: z.string(),
  /** The query of the page's address, without the question mark. */
  query: z.string(),
  createdBy: z.string(),
  /** Seen by everybody; otherwise by its maker only. */
  shared: z.boolean(),
});

/** What a solution, as it is given, makes of the problems that are open now. */
export const solutionImpactSchema = z.object({
  /** Pending and not reopened: these wait for the solution. */
  pending: countSchema,
  amounts: amountsSchema,
  /** Pending after they were fixed or closed once: they wait for a person whatever the solution says. */
  reopened: countSchema,
  /** Exhausted and needs-human: a changed solution alone does not move them. */
  withPerson: countSchema,
  /** Why the pending ones wait now, and why they would wait then. */
  waitReasonNow: z.enum(WAIT_REASONS),
  waitReasonThen: z.enum(WAIT_REASONS),
  /** When they would be executed first; null where not by themselves. */
  nextTickAt: timeSchema.nullable(),
});

export const LIVE_TOPICS = [
  'problems',
  'executions',
  'bulk-runs',
  'collections',
  'clients',
  'solutions',
  'messages',
  'systems',
  'limits',
  'approvals',
  'audit',
] as const;
export type LiveTopic = (typeof LIVE_TOPICS)[number];
/** One live event: what changed, never the whole thing; the reader fetches what it shows. */
export const liveEventSchema = z.object({
  topic: z.enum(LIVE_TOPICS),
  sysCode: z.string().nullable(),
  ids: z.array(z.string()).max(100),
  /** True where more changed than the ids name. */
  more: z.boolean(),
  at: timeSchema,
});

export type ProblemDetails = z.infer<typeof problemDetailsSchema>;
export type System = z.infer<typeof systemSchema>;
export type SystemKey = z.infer<typeof systemKeySchema>;
export type ServerKeyInfo = z.infer<typeof serverKeySchema>;
export type Client = z.infer<typeof clientSchema>;
export type CollectCommandView = z.infer<typeof collectCommandSchema>;
export type Collection = z.infer<typeof collectionSchema>;
export type Problem = z.infer<typeof problemSchema>;
export type ProblemDetail = z.infer<typeof problemDetailSchema>;
export type Execution = z.infer<typeof executionSchema>;
export type Lease = z.infer<typeof leaseSchema>;
export type HistoryEntry = z.infer<typeof historyEntrySchema>;
export type SolutionInput = z.infer<typeof solutionInputSchema>;
export type SolutionChange = z.infer<typeof solutionChangeSchema>;
export type Solution = z.infer<typeof solutionSchema>;
export type Message = z.infer<typeof messageSchema>;
export type Preview = z.infer<typeof previewSchema>;
export type LiveEvent = z.infer<typeof liveEventSchema>;
export type View = z.infer<typeof viewSchema>;
export type SolutionImpact = z.infer<typeof solutionImpactSchema>;
