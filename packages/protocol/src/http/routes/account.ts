/** The routes of one's own account: proving who one is, the password, the sessions; and the same of others. */
import { z } from 'zod';
import { everywhere, IN_PERSON } from '../../access.ts';
import { countSchema, timeSchema } from '../../messages/parts.ts';
import { route } from './parts.ts';

export const PASSWORD_LENGTH_MIN = 12;
export const PASSWORD_LENGTH_MAX = 128;

const idParams = z.object({ id: z.string().max(64) });

/** A session that has not ended. */
export const sessionSchema = z.object({
  id: z.string(),
  /** The one that asks. */
  current: z.boolean(),
  /** What the browser or program calls itself; null where it did not say. */
  device: z.string().nullable(),
  address: z.string().nullable(),
  startedAt: timeSchema,
  lastSeenAt: timeSchema,
  expiresAt: timeSchema,
});
export type SessionInfo = z.infer<typeof sessionSchema>;

const sessions = z.object({ items: z.array(sessionSchema) });
const ended = z.object({ ended: countSchema });

export const ACCOUNT_ROUTES = {
  confirmIdentity: route({
    access: IN_PERSON,
    method: 'POST',
    path: '/account/confirm',
    tag: 'account',
    summary: 'Prove again who is signed in; counts ten minutes for acts that ask for it',
    status: 204,
    body: z.strictObject({ password: z.string().min(1).max(PASSWORD_LENGTH_MAX) }),
    response: z.null(),
  }),
  changePassword: route({
    access: IN_PERSON,
    method: 'POST',
    path: '/account/password',
    tag: 'account',
    summary: 'Change the own password; with a one-time password the only act that is allowed',
    status: 204,
    body: z.strictObject({
      currentPassword: z.string().min(1).max(PASSWORD_LENGTH_MAX),
      newPassword: z.string().min(PASSWORD_LENGTH_MIN).max(PASSWORD_LENGTH_MAX),
      /** Ends the other sessions of the same person. */
      endOtherSessions: z.boolean().default(true),
    }),
    response: z.null(),
  }),
  listSessions: route({
    access: IN_PERSON,
    method: 'GET',
    path: '/account/sessions',
    tag: 'account',
    summary: 'The own sessions, the last seen first',
    status: 200,
    response: sessions,
  }),
  endSession: route({
    access: IN_PERSON,
    method: 'DELETE',
    path: '/account/sessions/:id',
    tag: 'account',
    summary: 'End one of the own sessions',
    status: 204,
    params: idParams,
    response: z.null(),
  }),
  endOtherSessions: route({
    access: IN_PERSON,
    method: 'DELETE',
    path: '/account/sessions',
    tag: 'account',
    summary: 'End all own sessions but this one',
    status: 200,
    response: ended,
  }),
  listUserSessions: route({
    access: everywhere('administer'),
    method: 'GET',
    path: '/users/:id/sessions',
    tag: 'users',
    summary: 'The sessions of a user',
    status: 200,
    params: idParams,
    response: sessions,
  }),
  endUserSessions: route({
    access: everywhere('administer'),
    method: 'DELETE',
    path: '/users/:id/sessions',
    tag: 'users',
    summary: 'End the sessions of a user; of the caller all but this one',
    status: 200,
    params: idParams,
    response: ended,
  }),
  resetUserPassword: route({
    access: everywhere('administer'),
    method: 'POST',
    path: '/users/:id/password-reset',
    tag: 'users',
    summary: 'Give a user a one-time password, shown once, and end their sessions',
    status: 200,
    params: idParams,
    response: z.object({ username: z.string(), password: z.string() }),
  }),
} as const;
