/** The resources of permissions: roles and grants. */
import { z } from 'zod';
import { VERBS } from '../access.ts';
import { sysCodeSchema, timeSchema } from '../messages/parts.ts';

/** Letters of any language, so that a role can have the name that people use; short enough for an address. */
export const roleNameSchema = z
  .string()
  .max(24)
  .regex(
    /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]*[\p{L}\p{N}])?$/u,
    'letters and digits, with . _ - and spaces between',
  );

export const roleSchema = z.object({
  name: z.string(),
  verbs: z.array(z.enum(VERBS)),
  description: z.string(),
  /** One of the roles that a new installation has; it cannot be deleted. */
  builtIn: z.boolean(),
  /** False for the administrator, who keeps all verbs. */
  editable: z.boolean(),
  version: z.number().int(),
  /** Persons who hold it in some system. */
  people: z.number().int(),
  changedAt: timeSchema,
  changedBy: z.string(),
});
export type Role = z.infer<typeof roleSchema>;

/** A role for one system, or for all, present and future, where the system is null. */
export const grantSchema = z.strictObject({ role: roleNameSchema, sysCode: sysCodeSchema.nullable() });
export type RoleGrant = z.infer<typeof grantSchema>;

/** More would be all systems, or a role that is missing. */
export const GRANTS_PER_PERSON_MAX = 200;
export const grantsSchema = z.array(grantSchema).max(GRANTS_PER_PERSON_MAX);
