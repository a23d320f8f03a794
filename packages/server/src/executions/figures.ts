/** What claims and answers come to, as figures. Told after the commit, so that nothing is counted that is not so. */
import type { FixCommand, Outcome } from '@piculus/protocol';
import type { Context } from '../base/services.ts';
import type { LeaseRow } from '../store/leases.ts';

type Told = Pick<Context, 'clock' | 'metrics'>;

export async function measuredClaim(
  { clock, metrics }: Told,
  sysCode: string,
  claim: () => Promise<FixCommand | null>,
): Promise<FixCommand | null> {
  const began = clock.now().getTime();
  const command = await claim();
  const [first] = command?.items ?? [];
  // A look that finds nothing due is not a claim; there are many of those.
  if (command === null || first === undefined) return command;
  const { fixCode, trigger } = first;
  metrics.observe('piculus_claim_seconds', {}, clock.now().getTime() - began);
  metrics.count(
    'piculus_claimed_total',
    { sys_code: sysCode, fix_code: fixCode, trigger },
    command.items.length,
  );
  return command;
}

export function countAnswers(
  { clock, metrics }: Told,
  lease: Pick<LeaseRow, 'sysCode' | 'fixCode' | 'leasedAt'>,
  answers: readonly { readonly outcome: Outcome; readonly alarm?: string | undefined }[],
): void {
  const place = { sys_code: lease.sysCode, fix_code: lease.fixCode };
  for (const { outcome, alarm } of answers) {
    metrics.count('piculus_executions_total', { ...place, outcome });
    if (alarm !== undefined) metrics.count('piculus_alarms_total', { alarm });
  }
  metrics.observe('piculus_lease_seconds', {}, clock.now().getTime() - lease.leasedAt.getTime());
}
