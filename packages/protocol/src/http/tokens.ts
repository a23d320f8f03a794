/** Tokens: what programs sign in with, in the name of a person and never with more than that person may do. */
import { z } from 'zod';
import { TOKEN_VERBS } from '../access.ts';
import { rowIdSchema, sysCodeSchema, timeSchema } from '../messages/parts.ts';

export const TOKEN_DAYS_MAX = 365;

/** A token without its secret. */
export const tokenSchema = z.object({
  id: rowIdSchema,
  /** The user name of whose token it is. */
  owner: z.string(),
  name: z.string(),
  /** Its first characters, to tell tokens apart. */
  prefix: z.string(),
  verbs: z.array(z.enum(TOKEN_VERBS)),
  /** Null: wherever the owner may do it at that moment. */
  sysCodes: z.array(sysCodeSchema).nullable(),
  createdAt: timeSchema,
  expiresAt: timeSchema,
  /** To the minute. */
  lastUsedAt: timeSchema.nullable(),
  revokedAt: timeSchema.nullable(),
});
export type Token = z.infer<typeof tokenSchema>;
