import type { ProblemDetail } from '@piculus/protocol/http';
export function History(_: { problem: ProblemDetail }) {
  return null;
}
