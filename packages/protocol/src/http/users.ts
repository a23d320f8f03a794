/** People who may sign in, as the API shows them. */
import { z } from 'zod';
import { VERBS } from '../access.ts';
import { timeSchema } from '../messages/parts.ts';
import { grantsSchema } from './roles.ts';

export const userSchema = z.object({
  id: z.string(),
  username: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  createdAt: timeSchema,
  lastSeenAt: timeSchema.nullable(),
  /** Somebody else made the password: all that its owner may do is to choose another. */
  passwordIsOneTime: z.boolean(),
  /** Their sign-in by password asks for a second factor. */
  secondFactor: z.boolean(),
});

/** With the roles that they hold, and where. */
export const grantedUserSchema = userSchema.extend({ grants: grantsSchema });

/** The systems in which somebody may do something; `all` are the present and the future ones. */
const placesSchema = z.union([z.literal('all'), z.array(z.string())]);
/** Who asks, and where they may do what: what a console offers. The server decides again at each call. */
export const meSchema = grantedUserSchema.extend({
  /** A role asks for a second factor that is not set up: nothing else can be done before. */
  secondFactorMissing: z.boolean(),
  access: z.record(z.enum(VERBS), placesSchema),
});

export type User = z.infer<typeof userSchema>;
export type GrantedUser = z.infer<typeof grantedUserSchema>;
export type Me = z.infer<typeof meSchema>;
