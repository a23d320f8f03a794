/**
 * What of a tick's problems may be handed out now: the last gate before a lease, in the claim's transaction and under
 * the system's lock. The stop switch and open breakers are asked before, by the question for what is due.
 */
import type { HaltKind } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import type { Context } from '../base/services.ts';
import type { Tx } from '../store/database.ts';
import { type HaltRow, insertHalt, type Place } from '../store/halts.ts';
import { type LimitsRow, limitsOver } from '../store/limits.ts';
import { breakerEndedAt, readBreakerFigures } from '../store/report-counts.ts';
import { type Counted, unattendedOfHour } from '../store/unattended-counts.ts';
import { fitting, type Reason, tripped } from './rules.ts';

export interface Admitted {
  /** How many from the first on may go. */
  readonly count: number;
  /** What stands still from now on, to be announced after the commit. */
  readonly halted: readonly HaltRow[];
}

export async function admit(
  tx: Tx,
  place: { readonly sysCode: string; readonly fixCode: string },
  items: readonly Counted[],
  at: Date,
): Promise<Admitted> {
  const limits = items.length === 0 ? [] : await limitsOver(tx, place.sysCode, place.fixCode);
  let count = items.length;
  let reached: { readonly row: LimitsRow; readonly reason: Reason } | null = null;
  for (const row of limits) {
    const trip = await tripOf(tx, row, at);
    if (trip !== null) return { count: 0, halted: await haltBy(tx, 'breaker', row, trip, at) };
    const { executionsPerHour, amountsPerHour } = row.settings;
    if (executionsPerHour === null && amountsPerHour.length === 0) continue;
    const fit = fitting(row.settings, await unattendedOfHour(tx, row, at), items);
    if (fit.reached === null || (reached !== null && fit.count >= count)) continue;
    count = fit.count;
    reached = { row, reason: fit.reached };
  }
  if (reached === null) return { count, halted: [] };
  return { count, halted: await haltBy(tx, 'limit', reached.row, reached.reason, at) };
}

/** @returns why the breaker of this place trips now. */
export async function tripOf(tx: Tx, row: LimitsRow, at: Date): Promise<Reason | null> {
  const { breaker } = row.settings;
  if (breaker === null) return null;
  const since = await breakerEndedAt(tx, row);
  return tripped(breaker, await readBreakerFigures(tx, row, at, since));
}

/** Call under the system's lock. */
export async function haltBy(
  tx: Tx,
  kind: Exclude<HaltKind, 'switch'>,
  { sysCode, fixCode }: Place,
  { cause, figures, text }: Reason,
  at: Date,
): Promise<HaltRow[]> {
  const by = `policy:${kind}`;
  const halt = await insertHalt(tx, {
    kind,
    sysCode,
    fixCode,
    includeManual: false,
    cause,
    figures,
    reason: text,
    since: at,
    by,
  });
  if (halt === null) return [];
  const detail = { kind, cause, figures, fixCode };
  await writeAudit(tx, {
    at,
    actor: by,
    act: 'stop',
    sysCode,
    target: `halt:${halt.id}`,
    reason: text,
    detail,
  });
  return [halt];
}

/** After the commit: whoever looks sees it, and what a client has not begun is taken back. */
export function announceHalts({ events, log, wake }: Context, halts: readonly HaltRow[]): void {
  for (const { id, sysCode, fixCode, kind, cause, figures, reason } of halts) {
    events.publish({ topic: 'limits', sysCode, ids: [id], more: false });
    if (kind !== 'switch')
      log.error({ sysCode, fixCode, kind, cause, figures }, `automatic repair halts: ${reason}`);
  }
  if (halts.length > 0) wake.notify('limits');
}
