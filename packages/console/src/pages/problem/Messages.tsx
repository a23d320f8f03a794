import type { ApiError, Message } from '@piculus/protocol/http';
export function Messages(_: { id: string; items: readonly Message[] | undefined; error: ApiError | null }) {
  return null;
}
