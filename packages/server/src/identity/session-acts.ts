/**
 * Sign-ins, good and bad, and what people do with their sessions and passwords. The sign-in library commits by
 * itself, so the act is written before its answer is given out: without the act nobody gets their session.
 */
import { z } from 'zod';
import { writeAudit } from '../audit/audit.ts';
import type { Context } from '../base/services.ts';
import { transaction } from '../store/pool.ts';
import { selectUserByName } from '../store/users.ts';
import { SIGN_IN_PATH } from './auth.ts';
import type { Guessing } from './guessing.ts';

/** Where a request came from. */
export interface Origin {
  readonly from: string;
  readonly requestId: string;
}

interface SessionCall {
  readonly path: string;
  readonly request: Request;
  readonly origin: Origin;
  /** The user name of who is signed in. */
  readonly signedIn: () => Promise<string | null>;
  readonly answer: () => Promise<Response>;
}

export interface SessionContext extends Pick<Context, 'db' | 'clock'> {
  readonly guessing: Guessing;
}

/** Acts of who is signed in, by path. */
const ACTS: ReadonlyMap<string, string> = new Map([['/sign-out', 'sign-out']]);

export async function auditSession(context: SessionContext, call: SessionCall): Promise<Response> {
  if (call.path === SIGN_IN_PATH) return signIn(context, call);
  const act = ACTS.get(call.path);
  if (act === undefined) return call.answer();
  const username = await call.signedIn();
  const response = await call.answer();
  if (username !== null) {
    const done = response.ok ? act : `${act}-refused`;
    await tell(context, call, { actor: username, act: done, target: `user:${username}` });
  }
  return response;
}

async function signIn(context: SessionContext, call: SessionCall): Promise<Response> {
  const name = await nameIn(call.request.clone());
  const attempt = await context.guessing.signIn(name ?? '', call.origin.from);
  const response = await call.answer();
  const user = name === null ? undefined : await selectUserByName(context.db, name);
  // Who mistakes the field types a password where the name belongs: a name that nobody has is not kept.
  const actor = user?.username ?? 'unknown';
  // A right password that is no session yet waits for a second factor.
  const hasSession = response.headers.has('set-auth-token');
  const right = hasSession ? 'sign-in' : 'second-factor-asked';
  const act = response.ok ? right : 'sign-in-refused';
  const target = user === undefined ? null : `user:${user.username}`;
  await tell(context, call, { actor, act, target });
  if (response.ok) await attempt.right(hasSession ? (user?.id ?? null) : null);
  return response;
}

const bodySchema = z.object({ username: z.string().max(64) });

async function nameIn(request: Request): Promise<string | null> {
  const body = bodySchema.safeParse(await request.json().catch(() => null));
  return body.success ? body.data.username.toLowerCase() : null;
}

function tell(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  { origin }: SessionCall,
  row: { actor: string; act: string; target: string | null },
): Promise<void> {
  const via = row.act.endsWith('-refused') && row.actor === 'unknown' ? null : ('session' as const);
  return transaction(db, (tx) => writeAudit(tx, { ...row, ...origin, via, at: clock.now() }));
}
