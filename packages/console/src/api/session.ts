/** Signing in and out with the server's cookie. */
import { ApiError, beginSignIn, finishSignIn as finishForToken } from '@piculus/protocol/http';

/**
 * @returns `second-factor` where a code is asked for, too: {@link finishSignIn}.
 * @throws ApiError `not-signed-in` where name or password are wrong, `too-many-requests`, `unreachable`.
 */
export async function signIn(username: string, password: string): Promise<'signed-in' | 'second-factor'> {
  // The answer's token is for programs; the page keeps nothing, its cookie cannot be read by scripts.
  const step = await beginSignIn({ baseUrl: '' }, { username, password });
  return 'token' in step ? 'signed-in' : 'second-factor';
}

/**
 * @param code of the app, or a recovery code.
 * @throws ApiError `invalid-field` for a code that does not count, `not-signed-in` where the password has to be given
 * again, `too-many-requests`, `unreachable`.
 */
export async function finishSignIn(code: string): Promise<void> {
  await finishForToken({ baseUrl: '' }, { pending: '', code });
}

/** @throws ApiError `unreachable`, `unreadable-answer`: the session goes on. */
export async function signOut(): Promise<void> {
  const answer = await send('/api/auth/sign-out', {}, 'the session was not ended');
  // Nobody is signed in: that is what was wanted.
  if (answer.ok || answer.status === 401) return;
  throw unclear(answer.status);
}

function unclear(status: number): ApiError {
  return new ApiError({
    code: 'unreadable-answer',
    status,
    meaning: { en: 'the answer could not be understood', zh: '无法解析服务器应答' },
    detail: `HTTP status ${status} without an error code`,
    retryable: status >= 500,
  });
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
