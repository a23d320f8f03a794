/** The audit as the routes and the files of checkpoints show it. */
import { z } from 'zod';
import { rowIdSchema, timeSchema } from '../messages/parts.ts';
import { messageSchema, problemDetailSchema, solutionSchema } from './resources.ts';

/** By what somebody acted. */
export const VIAS = ['session', 'token', 'policy'] as const;
export type Via = (typeof VIAS)[number];

const anything = z.record(z.string(), z.unknown());
/** One act of a person or of a policy. */
export const auditEntrySchema = z.object({
  id: rowIdSchema,
  at: timeSchema,
  /** A user name, `policy:<name>`, `cron`; `unknown` at a sign-in with a name that nobody has. */
  actor: z.string(),
  /** Null where no caller was known, and for acts from before it was kept. */
  via: z.enum(VIAS).nullable(),
  from: z.string().nullable(),
  requestId: z.string().nullable(),
  act: z.string(),
  sysCode: z.string().nullable(),
  problemId: rowIdSchema.nullable(),
  /** What was acted on where it is not a problem, for instance `solution:7`. */
  target: z.string().nullable(),
  reason: z.string().nullable(),
  before: anything.nullable(),
  after: anything.nullable(),
  detail: anything,
  /** The block of the chain that covers it; null where none does yet. */
  block: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** The tables that the chain covers: acts, reports of clients, executions. */
export const CHAIN_SOURCES = ['audit', 'reports', 'executions'] as const;
export type ChainSource = (typeof CHAIN_SOURCES)[number];

/**
 * What a verification of the chain can find.
 * - `row-changed`, `row-missing`, `row-added`: a row is not the one that its block covers, is gone, or came later;
 * - `block-changed`: a block's content does not give its hash; - `block-missing`: a number was left out;
 * - `chain-broken`: a block does not follow the one before it; - `chain-shorter`: a checkpoint names a block that
 *   is not there; - `chain-rewritten`: it names another hash; - `checkpoint-forged`: its signature is not by the key;
 * - `format-unknown`: a newer build made the block.
 */
export const CHAIN_FAULTS = [
  'row-changed',
  'row-missing',
  'row-added',
  'block-changed',
  'block-missing',
  'chain-broken',
  'chain-shorter',
  'chain-rewritten',
  'checkpoint-forged',
  'format-unknown',
] as const;
export type ChainFaultKind = (typeof CHAIN_FAULTS)[number];

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const base64 = (bytes: number) => z.base64().length(Math.ceil(bytes / 3) * 4);

/** One line of a file of checkpoints: the hash of a block, signed by the server (Ed25519). */
export const checkpointSchema = z.strictObject({
  version: z.literal(1),
  block: rowIdSchema,
  hash: hex32,
  signedAt: timeSchema,
  /** The key, 32 raw bytes. */
  publicKey: base64(32),
  signature: base64(64),
});
export type CheckpointLine = z.infer<typeof checkpointSchema>;

export const chainFaultSchema = z.object({
  kind: z.enum(CHAIN_FAULTS),
  block: z.string().nullable(),
  /** The row, where the fault is one of a row. */
  source: z.enum(CHAIN_SOURCES).nullable(),
  id: z.string().nullable(),
});
export type ChainFault = z.infer<typeof chainFaultSchema>;

export const chainReportSchema = z.object({
  ok: z.boolean(),
  verifiedAt: timeSchema,
  blocks: z.string(),
  rows: z.number().int(),
  lastBlock: z.object({ number: z.string(), hash: hex32, madeAt: timeSchema }).nullable(),
  /** Checkpoints that were compared: those in the database, and those that were given from outside. */
  checkpointsStored: z.number().int(),
  checkpointsGiven: z.number().int(),
  /** In the order of the chain, so that the first is the first bad one. At most 20. */
  faults: z.array(chainFaultSchema),
  /** There are more than these. */
  more: z.boolean(),
});
export type ChainReport = z.infer<typeof chainReportSchema>;

/** How far the chain has come and who has looked at it. */
export const chainStatusSchema = z.object({
  lastBlock: z.object({ number: z.string(), hash: hex32, madeAt: timeSchema }).nullable(),
  lastCheckpoint: z.object({ block: z.string(), signedAt: timeSchema, publicKey: z.string() }).nullable(),
  /** The key that this server signs checkpoints with. */
  publicKey: z.string(),
  /** Rows that no block covers yet, at most. */
  waiting: z.string(),
  /** Where checkpoints are brought to, out of reach of the database. */
  exportedTo: z.object({ file: z.boolean(), receiver: z.boolean() }),
  /** Whether the database lets this server only add to the records; otherwise chain and checkpoints alone protect. */
  appendOnly: z.boolean(),
  lastVerification: chainReportSchema.extend({ actor: z.string() }).nullable(),
});
export type ChainStatus = z.infer<typeof chainStatusSchema>;

const linkSchema = z.object({
  number: z.string(),
  format: z.number().int(),
  madeAt: timeSchema,
  previous: hex32,
  coversHash: hex32,
  hash: hex32,
});

/**
 * Proof that rows are as they were written: each row gives a digest, which stands in its block, from which links lead
 * to a signed checkpoint. It needs nothing but itself and the key.
 */
export const caseProofSchema = z.object({
  rows: z.array(
    z.object({
      source: z.enum(CHAIN_SOURCES),
      id: z.string(),
      names: z.array(z.string()),
      /** In the spelling that the digest covers. */
      values: z.array(z.string().nullable()),
      /** Null where no block covers it yet. */
      block: z.string().nullable(),
    }),
  ),
  blocks: z.array(
    linkSchema.extend({
      covers: z.array(
        z.object({
          source: z.enum(CHAIN_SOURCES),
          afterId: z.string(),
          upToId: z.string(),
          ids: z.array(z.string()),
          digests: z.string().regex(/^[0-9a-f]*$/),
        }),
      ),
    }),
  ),
  /** Blocks between those and their checkpoints, by their heads. */
  links: z.array(linkSchema),
  checkpoints: z.array(checkpointSchema),
});
export type CaseProof = z.infer<typeof caseProofSchema>;

/** Everything about one problem, for whoever has to explain it later. */
export const caseFileSchema = z.object({
  version: z.literal(1),
  madeAt: timeSchema,
  madeBy: z.string(),
  problem: problemDetailSchema,
  /** All versions of its solutions, oldest first. */
  solutions: z.array(solutionSchema.omit({ nextTicks: true, warnings: true, words: true })),
  /** Requests and answers, oldest first, as long as the log keeps them. */
  messages: z.array(messageSchema),
  acts: z.array(auditEntrySchema),
  proof: caseProofSchema,
});
export type CaseFile = z.infer<typeof caseFileSchema>;
