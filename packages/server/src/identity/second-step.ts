/**
 * The second step of a sign-in. Between the steps there is no session: only a signed cookie that names who gave their
 * password, good for ten minutes, five tries, and these two paths.
 */
import { PiculusError } from '@piculus/protocol';
import { z } from 'zod';
import { writeAudit } from '../audit/audit.ts';
import { transaction } from '../store/pool.ts';
import { endSession, selectPendingUser, selectSessionUser } from '../store/second-factors.ts';
import { rememberAddress } from '../store/sign-ins.ts';
import { type SecondFactors, WRONG_CODE } from './second-factor.ts';
import { ADDRESSES_MAX, addressOf } from './guessing.ts';
import type { Origin, SessionContext } from './session-acts.ts';

/** What each path takes. */
export const SECOND_STEPS: ReadonlyMap<string, 'code' | 'recovery-code'> = new Map([
  ['/two-factor/verify-totp', 'code'],
  ['/two-factor/verify-backup-code', 'recovery-code'],
]);
/** As the library ends the name of the cookie. */
const PENDING_COOKIE = 'two_factor';

const bodySchema = z.object({ code: z.string().trim().min(1).max(64) });
const signedInSchema = z.object({ token: z.string().min(1) });

interface Step {
  readonly path: string;
  readonly request: Request;
  readonly origin: Origin;
  /** Asks the sign-in library. */
  readonly answer: (request: Request) => Promise<Response>;
}

export async function secondStep(
  context: SessionContext,
  secondFactors: Pick<SecondFactors, 'useCode'>,
  { path, request, origin, answer }: Step,
): Promise<Response> {
  const { db } = context;
  const factor = SECOND_STEPS.get(path);
  const body = bodySchema.safeParse(await request.json().catch(() => null));
  if (factor === undefined || !body.success) throw new PiculusError('invalid-field', undefined, [WRONG_CODE]);
  const cookie = pendingCookie(request.headers);
  const user = cookie === null ? undefined : await selectPendingUser(db, cookie.identifier);
  const tell = (act: string): Promise<void> =>
    transaction(db, (tx) =>
      writeAudit(tx, {
        at: context.clock.now(),
        actor: user?.username ?? 'unknown',
        act,
        target: user === undefined ? null : `user:${user.username}`,
        detail: { factor },
        via: user === undefined ? null : 'session',
        ...origin,
      }),
    );
  if (cookie === null || user === undefined)
    throw new PiculusError('not-signed-in', 'begin the sign-in anew');

  const attempt = await context.guessing.within(`second:${user.id}`);
  const code = factor === 'code' ? body.data.code.replaceAll(' ', '') : body.data.code.toUpperCase();
  const response = await answer(onlyPending(request, cookie.text, code));
  if (!response.ok) {
    await tell('second-factor-refused');
    return response;
  }
  const answered = signedInSchema.safeParse(await response.clone().json());
  if (!answered.success) throw new PiculusError('internal', 'the sign-in has no session');
  const { token } = answered.data;
  const owner = await selectSessionUser(db, token);
  const counts =
    owner?.id === user.id && (factor === 'recovery-code' || (await secondFactors.useCode(user.id, code)));
  if (!counts) {
    // The code was seen before: the session that it made is taken back before anybody knows it.
    await endSession(db, token);
    await tell('second-factor-refused');
    throw new PiculusError('invalid-field', undefined, [WRONG_CODE]);
  }
  await tell('sign-in');
  await attempt.right(user.id);
  const known = { address: addressOf(origin.from), at: context.clock.now(), keep: ADDRESSES_MAX };
  await transaction(db, (tx) => rememberAddress(tx, user.id, known));
  return response;
}

interface PendingCookie {
  readonly text: string;
  readonly identifier: string;
}

function pendingCookie(headers: Headers): PendingCookie | null {
  for (const text of (headers.get('cookie') ?? '').split(/;\s*/)) {
    const split = text.indexOf('=');
    if (!text.slice(0, Math.max(split, 0)).endsWith(`.${PENDING_COOKIE}`)) continue;
    const value = decoded(text.slice(split + 1));
    // The library signs it, and looks at the signature itself.
    return { text, identifier: value.slice(0, value.lastIndexOf('.')) };
  }
  return null;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** The step alone: a session that is sent along would be answered as itself, and a device is never trusted. */
function onlyPending(request: Request, cookie: string, code: string): Request {
  const headers = new Headers(request.headers);
  headers.delete('authorization');
  headers.delete('content-length');
  headers.set('cookie', cookie);
  return new Request(request.url, { method: 'POST', headers, body: JSON.stringify({ code }) });
}
