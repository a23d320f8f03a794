/** The servers on one database, as the API shows them. */
import { z } from 'zod';
import { countSchema, timeSchema } from '../messages/parts.ts';

export const NODE_STATES = ['working', 'draining', 'gone'] as const;
/** What all of them must have alike. */
export const NODE_DIFFERENCES = ['secret', 'signing-key', 'audit-key'] as const;
export type NodeDifference = (typeof NODE_DIFFERENCES)[number];

export const nodeSchema = z.object({
  nodeId: z.string(),
  host: z.string(),
  pid: countSchema,
  address: z.string(),
  version: z.string(),
  state: z.enum(NODE_STATES),
  startedAt: timeSchema,
  /** Its last sign of life, by the database's clock. */
  seenAt: timeSchema,
  goneAt: timeSchema.nullable(),
  /** It said goodbye, or the others heard nothing of it. */
  goneBecause: z.enum(['stopped', 'silent']).nullable(),
  /** Connected to it. */
  clients: countSchema,
  /** True for the one that answers. */
  answering: z.boolean(),
  /** What it has otherwise than the one that answers; clients and people would notice. */
  differences: z.array(z.enum(NODE_DIFFERENCES)),
});
export type Node = z.infer<typeof nodeSchema>;
