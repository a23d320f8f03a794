/** Ends requests for a second person that nobody decided about in time, with their acts. */
import type { ApprovalsRoom, Context, Loop } from '../base/services.ts';
import { createLoop } from './loop.ts';

const POLL_MS = 60_000;

export function createApprovalExpirer(context: Context, approvals: ApprovalsRoom): Loop {
  return createLoop({
    ...context,
    name: 'approval expirer',
    wakeReason: null,
    pollMs: POLL_MS,
    work: () => approvals.expire(),
  });
}
