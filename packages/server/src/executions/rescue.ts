/**
 * Ends leases that expired: their unanswered items came to `unknown`, and a late answer is refused. A click that stood
 * behind them goes to another client as long as a retry is left, so that no person has to click again because a
 * client or a node died.
 */
import type { Context } from '../base/services.ts';
import { isDatabaseAway } from '../store/availability.ts';
import { answerLease, expiredLeaseIds, lockExpiredLease, systemOfLease } from '../store/leases.ts';
import { lockSystem } from '../store/locks.ts';
import { committed } from '../store/pool.ts';
import { canBeRun } from '../store/run-requests.ts';
import { type Answer, problemsOf, storeAnswers } from './answers.ts';
import { announce } from './announce.ts';
import { countAnswers } from './figures.ts';
import type { ExecutionOptions } from './options.ts';

const LEASES_PER_ROUND = 100;

const unknown = (problemId: string): Answer => ({
  problemId,
  outcome: 'unknown',
  reason: 'no answer before the lease expired',
  effects: [],
  replayed: false,
  verified: false,
  facts: null,
  startedAt: null,
});

/** One transaction per lease. @returns how many leases were ended. */
export async function rescueExpired(context: Context, options: ExecutionOptions): Promise<number> {
  let ended = 0;
  for (const id of await expiredLeaseIds(context.db, context.clock.now(), LEASES_PER_ROUND)) {
    try {
      if (await rescueOne(context, options, id)) ended += 1;
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      // One lease that cannot be ended must not keep those behind it open for ever.
      context.log.error({ err: error, leaseId: id }, 'an expired lease could not be ended');
    }
  }
  return ended;
}

async function rescueOne(context: Context, options: ExecutionOptions, id: string): Promise<boolean> {
  const done = await committed(context, 'rescue', async (tx) => {
    const sysCode = await systemOfLease(tx, id);
    if (sysCode === null) return null;
    // Under the system's lock: a solution that is taken away meanwhile would leave a click that waits for ever.
    await lockSystem(tx, sysCode);
    const at = context.clock.now();
    const lease = await lockExpiredLease(tx, id, at);
    if (lease === null) return null;
    const answered = new Set(lease.answeredIds);
    const answers = lease.problemIds.filter((problemId) => !answered.has(problemId)).map(unknown);
    const clicksGoOn = lease.trigger !== 'tick' && (await canBeRun(tx, sysCode, lease.fixCode));
    const { notYetMaxMs } = options;
    const problems = await problemsOf(tx, answers);
    const stored = await storeAnswers(tx, { lease, problems, answers, notYetMaxMs, at, clicksGoOn });
    // The answered ids stay the client's own, so that a repeat of those is still known as one.
    const held = { id, epoch: lease.epoch, connection: null };
    await answerLease(tx, held, { answeredIds: [], closedAt: at, raised: true });
    return {
      lease,
      answers,
      problemIds: answers.map(({ problemId }) => problemId),
      stored,
    };
  });
  if (done === null) return false;
  context.log.warn(
    {
      leaseId: id,
      clientId: done.lease.clientId,
      sysCode: done.lease.sysCode,
      problems: done.problemIds.length,
    },
    'lease expired without an answer',
  );
  context.metrics.count('piculus_leases_expired_total', {});
  countAnswers(context, done.lease, done.answers);
  announce(context, done.lease.sysCode, done.problemIds, done.stored);
  context.wake.notify('dispatch');
  return true;
}
