import type { ProblemDetail, Solution } from '@piculus/protocol/http';
export function Preview(_: {
  problem: ProblemDetail;
  solution: Solution | null | undefined;
  wish: number;
  onRun: () => void;
}) {
  return null;
}
