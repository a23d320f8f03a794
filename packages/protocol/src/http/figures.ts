/** The figures of the overview and of the message charts, one schema each. */
import { z } from 'zod';
import {
  countSchema,
  fixCodeSchema,
  rowIdSchema,
  scenarioSchema,
  sysCodeSchema,
  timeSchema,
} from '../messages/parts.ts';
import { currencySchema, minorSchema } from '../money.ts';
import { OUTCOME_NAMES } from '../outcomes.ts';
import { OUT_OF_POCKET, PROBLEM_STATES, WAIT_REASONS } from '../words.ts';
import { haltSchema } from './limits.ts';
import { amountsSchema, bilingual, collectCommandSchema } from './resources.ts';

export const problemCountSchema = z.object({
  sysCode: sysCodeSchema,
  fixCode: fixCodeSchema,
  scenario: scenarioSchema,
  state: z.enum(PROBLEM_STATES),
  outOfPocket: z.enum(OUT_OF_POCKET),
  currency: currencySchema,
  problems: countSchema,
  amountMinor: minorSchema,
});

export const AGE_BUCKETS = ['under-1h', '1h-1d', '1d-3d', 'over-3d'] as const;
/** Open problems by how long ago they were first seen; the edges are the ones to filter a list by. */
export const problemAgeSchema = z.object({
  bucket: z.enum(AGE_BUCKETS),
  /** Inclusive; null: since ever. */
  firstSeenFrom: timeSchema.nullable(),
  /** Exclusive; null: until now. */
  firstSeenTo: timeSchema.nullable(),
  problems: countSchema,
  amounts: amountsSchema,
});

/** What the executions of one hour came to. */
export const hourSchema = z.object({
  /** Its beginning, in UTC. */
  hour: timeSchema,
  outcomes: z.partialRecord(z.enum(OUTCOME_NAMES), countSchema),
  /** Problems that the executions left to a person: needs-human or exhausted. */
  toPerson: countSchema,
  /** Executions beyond the first try of their problem that used a retry. */
  retriesUsed: countSchema,
});

/** The newest collect command of a system that ended, or that still runs where none has ended. */
export const lastCollectSchema = z.object({
  collectionId: rowIdSchema,
  windowFrom: timeSchema,
  windowTo: timeSchema,
  command: collectCommandSchema,
});

export const statsSchema = z.object({
  at: timeSchema,
  counts: z.array(problemCountSchema),
  /** Pending problems by why they wait, as the solutions are now. `executing` ones are in here too. */
  waits: z.array(z.object({ waitReason: z.enum(WAIT_REASONS), problems: countSchema })),
  /** What stands still in the systems that the caller may view. */
  halts: z.array(haltSchema),
  /** Problems in the work queue, as the filter `waitsForPerson` finds them. */
  waitsForPerson: countSchema,
  ages: z.array(problemAgeSchema),
  /** The last 24 hours, oldest first, each of them even where nothing happened. */
  hours: z.array(hourSchema),
  lastCollects: z.array(lastCollectSchema),
  executing: countSchema,
  /** From the slot of five minutes on that was an hour ago: of the last 60 to 65 minutes. */
  outcomesLastHour: z.record(z.string(), countSchema),
  clientsConnected: countSchema,
  alarms: z.array(z.object({ sysCode: sysCodeSchema, message: bilingual })),
});

/** One slot of the message charts. */
export const messageSlotSchema = z.object({
  at: timeSchema,
  in: countSchema,
  out: countSchema,
  /** Refused or lost. */
  failed: countSchema,
  sizeBytes: countSchema,
  /** Null where no message of the slot has a latency. */
  latencyP50Ms: z.number().nullable(),
  latencyP95Ms: z.number().nullable(),
});

export type ProblemCount = z.infer<typeof problemCountSchema>;
export type ProblemAge = z.infer<typeof problemAgeSchema>;
export type HourOfExecutions = z.infer<typeof hourSchema>;
export type LastCollect = z.infer<typeof lastCollectSchema>;
export type Stats = z.infer<typeof statsSchema>;
export type MessageSlot = z.infer<typeof messageSlotSchema>;
