/** Limits, breakers and the stop switch: what they are set to, what stands still, and who lets it go on. */
import { PiculusError } from '@piculus/protocol';
import type { Halt, Limits, LimitSettings } from '@piculus/protocol/http';
import { type Approved, requireSecond } from '../approvals/gate.ts';
import { raises } from '../approvals/rules.ts';
import { writeAudit } from '../audit/audit.ts';
import { type Caller, inScope, type Scope } from '../base/access.ts';
import { afterwards, type Done } from '../base/done.ts';
import { afterId, pageOf } from '../base/paging.ts';
import type { Context, LimitsRoom } from '../base/services.ts';
import type { Executor, Tx } from '../store/database.ts';
import {
  endHalt,
  type HaltRow,
  insertHalt,
  listHalts,
  openHalts,
  type Place,
  readHalt,
} from '../store/halts.ts';
import { type Limitable, limitables, type LimitsRow, readLimits, saveLimits } from '../store/limits.ts';
import { lockSystem, lockSystems } from '../store/locks.ts';
import { committed } from '../store/pool.ts';
import { breakerEndedAt, readBreakerFigures } from '../store/report-counts.ts';
import {
  NOTHING_USED,
  placeKey,
  unattendedOfAll,
  unattendedOfHour,
  type Used,
} from '../store/unattended-counts.ts';
import { announceHalts } from './admit.ts';
import { mayGoOn, UNLIMITED } from './rules.ts';

type LimitsInput = Parameters<LimitsRoom['set']>[0];

export function createLimits(context: Context): LimitsRoom {
  const { db, clock } = context;
  return {
    list: (caller) => listPlaces(db, caller.scope('view'), clock.now()),
    set: async (input, caller) =>
      afterwards(await committed(context, 'act', (tx) => setLimitsIn(tx, context, input, caller, null))),
    halts: async ({ limit, after, open }, caller) => {
      const scope = caller.scope('view');
      const page = { scope, open: open ?? null, before: afterId(after), limit: limit + 1 };
      const { items, next } = pageOf(await listHalts(db, page), limit);
      return { items: items.map(haltView), next };
    },
    stop: (input, caller) => stop(context, input, caller),
    resume: async (id, caller, reason) => {
      const ended = await committed(context, 'act', (tx) =>
        resume(tx, id, { caller, reason, at: clock.now() }),
      );
      announceEnd(context, [ended]);
      return haltView(ended);
    },
  };
}

// The switch ------------------------------------------------------------------------------------------------------

async function stop(
  context: Context,
  input: Parameters<LimitsRoom['stop']>[0],
  caller: Caller,
): Promise<Halt> {
  const { sysCode = null, fixCode = null, includeManual, reason } = input;
  refuseOutside(caller, 'execute', sysCode);
  const halt = await committed(context, 'act', async (tx) => {
    // Every claim commits before this or sees it: claims take the same locks.
    await lockSystems(tx, sysCode === null ? null : [sysCode]);
    if (sysCode !== null) await requirePlace(tx, { sysCode, fixCode });
    const at = context.clock.now();
    const made = await insertHalt(tx, {
      kind: 'switch',
      sysCode,
      fixCode,
      includeManual,
      cause: 'person',
      figures: {},
      reason,
      since: at,
      by: caller.actor,
    });
    if (made === null) throw new PiculusError('already-exists', 'it was stopped already');
    const detail = { kind: 'switch', fixCode, includeManual };
    const target = `halt:${made.id}`;
    await writeAudit(tx, { at, actor: caller.actor, act: 'stop', sysCode, target, reason, detail });
    return made;
  });
  context.log.warn({ sysCode, fixCode, includeManual, by: caller.actor }, 'automatic repair was stopped');
  announceHalts(context, [halt]);
  return haltView(halt);
}

interface Resume {
  readonly caller: Caller;
  readonly reason: string;
  readonly at: Date;
}

async function resume(tx: Tx, id: string, { caller, reason, at }: Resume): Promise<HaltRow> {
  const halt = await readHalt(tx, id, caller.scope('view'));
  if (halt === null) throw new PiculusError('not-found');
  refuseOutside(caller, 'configure', halt.sysCode);
  // A limit is let go by raising it; otherwise the next claim would reach it again.
  if (halt.kind === 'limit')
    throw new PiculusError('wrong-state', 'raise the limit, or wait for the hour to pass');
  const ended = await endHalt(tx, id, { at, by: caller.actor, reason });
  if (ended === null) throw new PiculusError('wrong-state', 'it goes on already');
  await auditEnd(tx, ended, { actor: caller.actor, reason, at });
  return ended;
}

function auditEnd(
  tx: Tx,
  halt: HaltRow,
  { actor, reason, at }: { actor: string; reason: string; at: Date },
): Promise<void> {
  const { id, sysCode, fixCode, kind, cause, since } = halt;
  const detail = { kind, cause, fixCode, since: since.toISOString() };
  return writeAudit(tx, { at, actor, act: 'resume', sysCode, target: `halt:${id}`, reason, detail });
}

export function announceEnd({ events, wake }: Context, halts: readonly HaltRow[]): void {
  for (const { id, sysCode } of halts) events.publish({ topic: 'limits', sysCode, ids: [id], more: false });
  if (halts.length > 0) wake.notify('dispatch');
}

/**
 * Ends the limits' halts that may go on, of one system or of all. Call under the locks of those systems.
 * @returns those that were ended.
 */
export async function endPastLimits(
  tx: Tx,
  halts: readonly HaltRow[],
  { actor, at }: { actor: string; at: Date },
): Promise<HaltRow[]> {
  const settings = new Map(
    (await readLimits(tx)).map((row) => [placeKey(row.sysCode, row.fixCode), row.settings]),
  );
  const ended: HaltRow[] = [];
  for (const { id, kind, sysCode, fixCode, figures } of halts) {
    if (kind !== 'limit' || sysCode === null) continue;
    const used = await unattendedOfHour(tx, { sysCode, fixCode }, at);
    if (!mayGoOn(settings.get(placeKey(sysCode, fixCode)) ?? UNLIMITED, used, figures)) continue;
    const reason = 'there is room under the hourly limit again';
    const done = await endHalt(tx, id, { at, by: actor, reason });
    if (done === null) continue;
    await auditEnd(tx, done, { actor, reason, at });
    ended.push(done);
  }
  return ended;
}

// Settings --------------------------------------------------------------------------------------------------------

/** What the limits of a place are, and whether they may be set to this. Locks the system. */
export async function checkedLimits(
  tx: Tx,
  input: Omit<LimitsInput, 'reason'>,
  caller: Caller,
): Promise<LimitSettings> {
  const { sysCode, fixCode, settings, version } = input;
  refuseOutside(caller, 'configure', sysCode);
  if (fixCode === null && settings.canary > 0) {
    const words = { en: 'a canary is of a solution', zh: '试运行次数只能针对单个修复方案设置' };
    throw new PiculusError('invalid-field', undefined, [{ field: 'settings.canary', reason: words }]);
  }
  await lockSystem(tx, sysCode);
  await requirePlace(tx, { sysCode, fixCode });
  const before = (await readLimits(tx)).find((row) => row.sysCode === sysCode && row.fixCode === fixCode);
  if ((before?.version ?? 0) !== version)
    throw new PiculusError('wrong-state', 'the limits were changed meanwhile; read them again');
  return before?.settings ?? UNLIMITED;
}

export async function setLimitsIn(
  tx: Tx,
  context: Context,
  input: LimitsInput,
  caller: Caller,
  approved: Approved | null,
): Promise<Done<Limits>> {
  const { sysCode, fixCode, settings, reason } = input;
  const { actor } = caller;
  const before = await checkedLimits(tx, input, caller);
  if (raises(before, settings)) await requireSecond(tx, 'raise-limits', approved);
  const at = context.clock.now();
  const version = input.version + 1;
  await saveLimits(tx, { sysCode, fixCode, settings, version, changedAt: at, changedBy: actor });
  const detail = { fixCode, before, after: settings };
  const target = `limits:${placeKey(sysCode, fixCode)}`;
  await writeAudit(tx, { at, actor, act: 'set-limits', sysCode, target, reason, detail });
  const halts = (await openHalts(tx)).filter((halt) => halt.sysCode === sysCode && halt.fixCode === fixCode);
  const ended = await endPastLimits(tx, halts, { actor, at });
  const found = (await listPlaces(tx, caller.scope('view'), at)).find(
    (row) => row.sysCode === sysCode && row.fixCode === fixCode,
  );
  if (found === undefined) throw new PiculusError('not-found');
  return {
    answer: found,
    announce: () => {
      context.events.publish({ topic: 'limits', sysCode, ids: [], more: false });
      announceEnd(context, ended);
      context.wake.notify('dispatch');
    },
  };
}

async function listPlaces(db: Executor, scope: Scope, now: Date): Promise<Limits[]> {
  const settings = new Map((await readLimits(db)).map((row) => [placeKey(row.sysCode, row.fixCode), row]));
  const used = await unattendedOfAll(db, now);
  const rows: Limits[] = [];
  for (const place of await limitables(db, scope)) {
    const key = placeKey(place.sysCode, place.fixCode);
    const figures = await readBreakerFigures(db, place, now, await breakerEndedAt(db, place));
    rows.push({ ...limitsView(place, settings.get(key), used.get(key) ?? NOTHING_USED), figures });
  }
  return rows;
}

function limitsView(place: Limitable, row: LimitsRow | undefined, used: Used): Omit<Limits, 'figures'> {
  const { sysCode, fixCode, solutionVersion, canaryDone } = place;
  return {
    sysCode,
    fixCode,
    settings: row?.settings ?? UNLIMITED,
    version: row?.version ?? 0,
    changedAt: row?.changedAt.toISOString() ?? null,
    changedBy: row?.changedBy ?? null,
    used: {
      executions: used.executions,
      amounts: [...used.amounts].map(([currency, amount]) => ({ currency, amountMinor: amount.toString() })),
    },
    canary: solutionVersion === null ? null : { solutionVersion, done: canaryDone },
  };
}

async function requirePlace(tx: Tx, { sysCode, fixCode }: Place): Promise<void> {
  const known = await limitables(tx, 'all');
  if (!known.some((row) => row.sysCode === sysCode && row.fixCode === fixCode))
    throw new PiculusError('not-found');
}

/** What concerns everything asks for the right everywhere. */
function refuseOutside(caller: Caller, verb: 'execute' | 'configure', sysCode: string | null): void {
  if (sysCode !== null && !inScope(caller.scope('view'), sysCode)) throw new PiculusError('not-found');
  const scope = caller.scope(verb);
  if (sysCode === null ? scope !== 'all' : !inScope(scope, sysCode)) throw new PiculusError('not-allowed');
}

export function haltView(row: HaltRow): Halt {
  return {
    ...row,
    since: row.since.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
  };
}
