/** Signing in and out with the server's cookie. */
import { ApiError, signIn as signInForToken } from '@piculus/protocol/http';

/** @throws ApiError `not-signed-in` where name or password are wrong, `too-many-requests`, `unreachable`. */
export async function signIn(username: string, password: string): Promise<void> {
  // The answer's token is for programs; the page keeps nothing, its cookie cannot be read by scripts.
  await signInForToken({ baseUrl: '' }, { username, password });
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
