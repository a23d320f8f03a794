/** The routes of second factors, and what a sign-in page has to offer. */
import { z } from 'zod';
import { everywhere, IN_PERSON, OPEN } from '../../access.ts';
import { roleNameSchema } from '../roles.ts';
import { reason, route } from './parts.ts';

export const secondFactorSchema = z.object({
  /** The sign-in asks for a code. */
  enabled: z.boolean(),
  /** Recovery codes that were not used yet; null where there is no second factor. */
  recoveryCodesLeft: z.number().int().nullable(),
  /** A role of this person asks for a second factor. */
  required: z.boolean(),
});
export type SecondFactor = z.infer<typeof secondFactorSchema>;

/** A secret that waits for its first code; shown once. */
export const secondFactorSecretSchema = z.object({
  /** Base 32, as it is typed into an app. */
  secret: z.string(),
  /** `otpauth://…`, as a QR code holds it. */
  uri: z.string(),
});
export type SecondFactorSecret = z.infer<typeof secondFactorSecretSchema>;

/** Each is good for one sign-in without the device; shown once. */
export const recoveryCodesSchema = z.object({ recoveryCodes: z.array(z.string()) });

/** Why a single sign-on ended without a session; the console is opened with it as `?sign-in=`. */
export const SIGN_ON_FAILURES = [
  'unknown-user',
  'disabled-user',
  'other-identity',
  'provider-away',
  'not-verified',
  'refused',
] as const;
export type SignOnFailure = (typeof SIGN_ON_FAILURES)[number];
/** Opened by a browser, it leads to the provider of the single sign-on. */
export const SIGN_ON_PATH = '/api/auth/single-sign-on';

const userParams = z.object({ id: z.string().max(64) });

export const SECOND_FACTOR_ROUTES = {
  getSignInOptions: route({
    access: OPEN,
    method: 'GET',
    path: '/sign-in-options',
    tag: 'account',
    summary: 'How people may sign in here',
    status: 200,
    response: z.object({ singleSignOn: z.object({ label: z.string() }).nullable() }),
  }),
  getSecondFactor: route({
    access: IN_PERSON,
    method: 'GET',
    path: '/me/second-factor',
    tag: 'account',
    summary: 'Whether your sign-in asks for a second factor',
    status: 200,
    response: secondFactorSchema,
  }),
  beginSecondFactor: route({
    access: IN_PERSON,
    method: 'POST',
    path: '/me/second-factor',
    tag: 'account',
    summary: 'Get a secret for an authenticator app; it counts once a code of it is confirmed',
    status: 201,
    response: secondFactorSecretSchema,
  }),
  confirmSecondFactor: route({
    access: IN_PERSON,
    method: 'POST',
    path: '/me/second-factor/confirm',
    tag: 'account',
    summary: 'Confirm the secret by a code of the app; the answer shows the recovery codes once',
    status: 200,
    body: z.strictObject({ code: z.string().trim().max(16) }),
    response: recoveryCodesSchema,
  }),
  renewRecoveryCodes: route({
    access: IN_PERSON,
    method: 'POST',
    path: '/me/second-factor/recovery-codes',
    tag: 'account',
    summary: 'Get new recovery codes; the old ones count no more',
    status: 200,
    response: recoveryCodesSchema,
  }),
  removeSecondFactor: route({
    access: IN_PERSON,
    method: 'DELETE',
    path: '/me/second-factor',
    tag: 'account',
    summary: 'Sign in without a second factor from now on',
    status: 204,
    response: z.null(),
  }),
  removeUserSecondFactor: route({
    access: everywhere('administer'),
    method: 'POST',
    path: '/users/:id/second-factor/remove',
    tag: 'users',
    summary: 'Remove the second factor of somebody who lost it; ends their sessions',
    status: 204,
    params: userParams,
    body: z.strictObject({ reason }),
    response: z.null(),
  }),
  listSecondFactorRoles: route({
    access: everywhere('administer'),
    method: 'GET',
    path: '/second-factor/roles',
    tag: 'users',
    summary: 'The roles whose holders have to have a second factor',
    status: 200,
    response: z.object({ items: z.array(z.string()) }),
  }),
  setSecondFactorRole: route({
    access: everywhere('administer'),
    method: 'PUT',
    path: '/second-factor/roles/:role',
    tag: 'users',
    summary: 'Ask the holders of a role for a second factor, or no longer; counts at once',
    status: 204,
    params: z.object({ role: roleNameSchema }),
    body: z.strictObject({ required: z.boolean() }),
    response: z.null(),
  }),
} as const;
