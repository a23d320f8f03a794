/** What claims and answers come to, as figures. Told after the commit, so that nothing is counted that is not so. */
import type { FixCommand, Outcome } from '@piculus/protocol';
import { leasePlace } from '@piculus/protocol/tracing';
import type { Context } from '../base/services.ts';
import type { LeaseRow } from '../store/leases.ts';

type Told = Pick<Context, 'clock' | 'metrics' | 'tracing'>;

export async function measuredClaim(
  { clock, metrics, tracing }: Told,
  sysCode: string,
  claim: () => Promise<FixCommand | null>,
): Promise<FixCommand | null> {
  const began = clock.now().getTime();
  const command = await claim();
  const [first] = command?.items ?? [];
  // A look that finds nothing due is not a claim; there are many of those.
  if (command === null || first === undefined) return command;
  const { fixCode, trigger } = first;
  const ms = clock.now().getTime() - began;
  metrics.observe('piculus_claim_seconds', {}, ms);
  metrics.count(
    'piculus_claimed_total',
    { sys_code: sysCode, fix_code: fixCode, trigger },
    command.items.length,
  );
  if (tracing.on) {
    const { leaseId, items } = command;
    const attributes = {
      'piculus.sys_code': sysCode,
      'piculus.fix_code': fixCode,
      'piculus.trigger': trigger,
      'piculus.problems': items.length,
    };
    tracing.told({ name: 'claim', place: leasePlace(leaseId), parent: null, attributes, ms });
  }
  return command;
}

export function countAnswers(
  { clock, metrics, tracing }: Told,
  lease: Pick<LeaseRow, 'id' | 'sysCode' | 'fixCode' | 'leasedAt'>,
  answers: readonly { readonly outcome: Outcome; readonly alarm?: string | undefined }[],
): void {
  const place = { sys_code: lease.sysCode, fix_code: lease.fixCode };
  const byOutcome = new Map<Outcome, number>();
  for (const { outcome, alarm } of answers) {
    byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + 1);
    if (alarm !== undefined) metrics.count('piculus_alarms_total', { alarm });
  }
  for (const [outcome, count] of byOutcome)
    metrics.count('piculus_executions_total', { ...place, outcome }, count);
  metrics.observe('piculus_lease_seconds', {}, clock.now().getTime() - lease.leasedAt.getTime());
  if (!tracing.on) return;
  const attributes = {
    'piculus.sys_code': lease.sysCode,
    'piculus.fix_code': lease.fixCode,
    'piculus.results': answers.length,
  };
  tracing.told({ name: 'record', place: null, parent: leasePlace(lease.id), attributes, ms: 0 });
}
