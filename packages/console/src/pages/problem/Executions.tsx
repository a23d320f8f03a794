import type { Message, ProblemDetail, Solution } from '@piculus/protocol/http';
export function Executions(_: {
  problem: ProblemDetail;
  solution: Solution | null | undefined;
  messages: readonly Message[] | undefined;
}) {
  return null;
}
