/** Signing in and out with the server's cookie. */
import { ApiError, signIn as signInForToken } from '@piculus/protocol/http';

/** @throws ApiError `not-signed-in` where name or password are wrong, `too-many-requests`, `unreachable`. */
export async function signIn(username: string, password: string): Promise<void> {
  // The answer's token is for programs; the page keeps nothing, its cookie cannot be read by scripts.
  await signInForToken({ baseUrl: '' }, { username, password });
}

/** @throws ApiError `unreachable`. */
export async function signOut(): Promise<void> {
  try {
    await fetch('/api/auth/sign-out', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
  } catch (cause) {
    throw new ApiError({
      code: 'unreachable',
      status: 0,
      meaning: { en: 'the server cannot be reached', zh: '无法连接服务器' },
      detail: 'the session was not ended',
      retryable: true,
      cause,
    });
  }
}
