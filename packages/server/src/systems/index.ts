/** The systems: registering, changing, their keys, and who may connect. */
import { LIMITS, PiculusError } from '@piculus/protocol';
import type { System, SystemKey } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import { requireThere, type Scope } from '../base/access.ts';
import type { Actor, Context, Systems } from '../base/services.ts';
import { checkCron, cronInWords, nextTicks } from '../solutions/quartz.ts';
import type { Executor, Tx } from '../store/database.ts';
import { committed } from '../store/pool.ts';
import * as store from '../store/systems.ts';
import { collectAlarm, hashKey, looksLikeKey, makeKey } from './rules.ts';

/** A key's last use is told to the minute, so that a storm of connections does not write each time. */
const LAST_USED_STEP_MS = 60_000;

const TICKS_SHOWN = 5;

/** A client that was not heard of for this long is not connected, whatever its row says: its node may have died. */
export const FRESH_MS = 2 * LIMITS.silenceMs;

export function createSystems(context: Context): Systems {
  const { db, clock } = context;
  const changed = (sysCode: string): void =>
    context.events.publish({ topic: 'systems', sysCode, ids: [sysCode], more: false });

  return {
    list: (caller) => readSystems(db, clock.now(), caller.scope('view')),

    async create(input, { actor }) {
      refuseBadCron(input.collectCron, input.collectTimeZone, clock.now());
      const made = await committed(context, 'act', async (tx) => {
        const now = clock.now();
        if (!(await store.insertSystem(tx, { ...input, createdAt: now }))) {
          throw new PiculusError('already-exists', `the system ${input.sysCode} exists already`);
        }
        const { sysCode, ...detail } = input;
        await writeAudit(tx, {
          at: now,
          actor,
          act: 'create-system',
          sysCode,
          target: `system:${sysCode}`,
          detail,
        });
        const { key } = await addKey(context, tx, sysCode, actor);
        return { system: await readSystem(tx, sysCode, now), key };
      });
      changed(input.sysCode);
      return made;
    },

    async change(sysCode, input, caller) {
      requireThere(caller, 'administer', sysCode);
      const { actor } = caller;
      const system = await committed(context, 'act', (tx) =>
        changeSystem(context, tx, sysCode, input, actor),
      );
      changed(sysCode);
      context.wake.notify('collect');
      return system;
    },

    async keys(sysCode, caller) {
      requireThere(caller, 'administer', sysCode);
      await requireSystem(db, sysCode);
      return (await store.readSystemKeys(db, sysCode)).map(keyView);
    },

    async createKey(sysCode, caller) {
      requireThere(caller, 'administer', sysCode);
      const { actor } = caller;
      const made = await committed(context, 'act', async (tx) => {
        await requireSystem(tx, sysCode);
        return addKey(context, tx, sysCode, actor);
      });
      changed(sysCode);
      return made;
    },

    async revokeKey(sysCode, id, caller) {
      requireThere(caller, 'administer', sysCode);
      const { actor } = caller;
      await committed(context, 'act', async (tx) => {
        const at = clock.now();
        const key = await store.revokeSystemKey(tx, sysCode, id, at);
        if (!key) throw new PiculusError('not-found', `the system ${sysCode} has no key ${id}`);
        const detail = { prefix: key.prefix };
        await writeAudit(tx, { at, actor, act: 'revoke-key', sysCode, target: `key:${id}`, detail });
      });
      changed(sysCode);
    },

    previewSchedule(cron, timeZone) {
      const now = clock.now();
      const errors = checkCron(cron, timeZone, { field: 'cron', from: now });
      if (errors.length > 0) throw new PiculusError('invalid-field', undefined, errors);
      const ticks = nextTicks(cron, timeZone, now, TICKS_SHOWN);
      return { words: cronInWords(cron), nextTicks: ticks.map((tick) => tick.toISOString()) };
    },

    async authenticate(key) {
      if (!looksLikeKey(key)) return null;
      const row = await store.readUsableKey(db, hashKey(key));
      if (!row) return null;
      await keyUsed(context, row);
      return { sysCode: row.sys_code, keyId: row.id };
    },

    async authenticateProof(sysCode, proves) {
      const rows = await store.readProvableKeys(db, sysCode);
      const row = rows.find(({ key_hash }) => proves(key_hash));
      if (!row) return null;
      await keyUsed(context, row);
      return { sysCode: row.sys_code, keyId: row.id, keyHash: row.key_hash };
    },
  };
}

async function keyUsed({ db, clock }: Context, row: store.SystemKeyRow): Promise<void> {
  const now = clock.now();
  const usedAt = row.last_used_at?.getTime() ?? Number.NEGATIVE_INFINITY;
  if (now.getTime() - usedAt >= LAST_USED_STEP_MS) await store.touchSystemKey(db, row.id, now);
}

type Change = Parameters<Systems['change']>[1];

async function changeSystem(
  context: Context,
  tx: Tx,
  sysCode: string,
  input: Change,
  actor: Actor,
): Promise<System> {
  const now = context.clock.now();
  const before = await store.lockSystem(tx, sysCode);
  if (!before) throw notFound(sysCode);
  const cron = input.collectCron === undefined ? before.collect_cron : input.collectCron;
  const timeZone = input.collectTimeZone ?? before.collect_time_zone;
  const enabled = input.enabled ?? before.enabled;
  const otherCron = cron !== before.collect_cron || timeZone !== before.collect_time_zone;
  // A schedule that has come to its end must not keep anybody from changing the rest.
  if (otherCron) refuseBadCron(cron, timeZone, now);
  const otherTicks = otherCron || (enabled && !before.enabled);
  await store.updateSystem(tx, {
    ...before,
    name: input.name ?? before.name,
    enabled,
    collect_cron: cron,
    collect_time_zone: timeZone,
    collect_window_ms: String(input.collectWindowMs ?? before.collect_window_ms),
    // Ticks that a new cron would have had in the past are not made up.
    collect_tick_at: otherTicks ? now : before.collect_tick_at,
  });
  await writeAudit(tx, {
    at: now,
    actor,
    act: 'change-system',
    sysCode,
    target: `system:${sysCode}`,
    before: {
      name: before.name,
      enabled: before.enabled,
      collectCron: before.collect_cron,
      collectTimeZone: before.collect_time_zone,
      collectWindowMs: Number(before.collect_window_ms),
    },
    after: { ...input },
  });
  return readSystem(tx, sysCode, now);
}

function refuseBadCron(cron: string | null, timeZone: string, now: Date): void {
  // The zone is checked even without a cron, so that a cron set later does not fail on it.
  const errors = checkCron(cron ?? '0 0 0 * * ?', timeZone, {
    field: 'collectCron',
    timeZoneField: 'collectTimeZone',
    from: now,
  });
  if (errors.length > 0) throw new PiculusError('invalid-field', undefined, errors);
}

const notFound = (sysCode: string): PiculusError =>
  new PiculusError('not-found', `there is no system ${sysCode}`);

async function requireSystem(db: Executor, sysCode: string): Promise<void> {
  const [system] = await store.readSystems(db, [sysCode]);
  if (!system) throw notFound(sysCode);
}

async function addKey(
  context: Context,
  tx: Tx,
  sysCode: string,
  actor: Actor,
): Promise<{ key: string; info: SystemKey }> {
  const at = context.clock.now();
  const { key, prefix, hash } = makeKey(sysCode, context.clock.bytes);
  const row = await store.insertSystemKey(tx, { sysCode, hash, prefix, createdAt: at });
  await writeAudit(tx, {
    at,
    actor,
    act: 'create-key',
    sysCode,
    target: `key:${row.id}`,
    detail: { prefix },
  });
  return { key, info: keyView(row) };
}

async function readSystem(db: Executor, sysCode: string, now: Date): Promise<System> {
  const [system] = await readSystems(db, now, 'all', sysCode);
  if (!system) throw notFound(sysCode);
  return system;
}

/** Systems as the API shows them, with their alarms. */
export async function readSystems(
  db: Executor,
  now: Date,
  scope: Scope,
  sysCode?: string,
): Promise<System[]> {
  const rows = await store.readSystemOverviews(db, new Date(now.getTime() - FRESH_MS), scope, sysCode);
  return rows.map((row) => ({
    sysCode: row.sys_code,
    name: row.name,
    collectCron: row.collect_cron,
    collectTimeZone: row.collect_time_zone,
    collectWindowMs: Number(row.collect_window_ms),
    enabled: row.enabled,
    createdAt: row.created_at.toISOString(),
    alarm: collectAlarm(row, now),
    lastCollectAt: row.last_collect_at?.toISOString() ?? null,
    clientsConnected: Number(row.clients_connected),
  }));
}

function keyView(row: store.SystemKeyRow): SystemKey {
  return {
    id: row.id,
    sysCode: row.sys_code,
    prefix: row.prefix,
    createdAt: row.created_at.toISOString(),
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}
