/** The one caller of the HTTP API. The cookie signs it in; it speaks only to the server that served the page. */
import { type ApiClient, ApiError, createApiClient } from '@piculus/protocol/http';

export const api: ApiClient = createApiClient({ baseUrl: '' });

/** Anything thrown by a call, as the error that pages show. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError({
    code: 'unreadable-answer',
    status: 0,
    meaning: { en: 'something unexpected happened in this page', zh: '页面发生意外错误' },
    detail: error instanceof Error ? error.message : String(error),
    retryable: true,
    cause: error,
  });
}
