/** Signing in and out with the server's cookie. */
import { ApiError, problemDetailsSchema, signIn as signInForToken } from '@piculus/protocol/http';

/** @throws ApiError `not-signed-in` where name or password are wrong, `too-many-requests`, `unreachable`. */
export async function signIn(username: string, password: string): Promise<void> {
  // The answer's token is for programs; the page keeps nothing, its cookie cannot be read by scripts.
  await signInForToken({ baseUrl: '' }, { username, password });
}

/** @throws ApiError `unreachable`. */
export async function signOut(): Promise<void> {
  await send('/api/auth/sign-out', {}, 'the session was not ended');
}

export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
  /** Ends the other sessions of the same person. */
  readonly revokeOtherSessions: boolean;
}

/** @throws ApiError `invalid-field` that names `currentPassword` or `newPassword`, `too-many-requests`, `unreachable`. */
export async function changePassword(change: PasswordChange): Promise<void> {
  const answer = await send('/api/auth/change-password', change, 'the password was not changed');
  if (answer.ok) return;
  const body = problemDetailsSchema.safeParse(await answer.json().catch(() => null));
  if (!body.success) {
    throw new ApiError({
      code: 'unreadable-answer',
      status: answer.status,
      meaning: { en: 'the answer could not be understood', zh: '无法解析服务器应答' },
      detail: `HTTP status ${answer.status} without an error code`,
      retryable: answer.status >= 500,
    });
  }
  const { code, message, detail, retryable, requestId, fields } = body.data;
  throw new ApiError({ code, status: answer.status, meaning: message, detail, retryable, requestId, fields });
}

/** @param otherwise what did not happen where no answer came, in one English sentence. */
async function send(path: string, body: object, otherwise: string): Promise<Response> {
  try {
    return await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch (cause) {
    throw new ApiError({
      code: 'unreachable',
      status: 0,
      meaning: { en: 'the server cannot be reached', zh: '无法连接服务器' },
      detail: otherwise,
      retryable: true,
      cause,
    });
  }
}
