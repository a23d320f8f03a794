/** The tables of systems and of their keys. */
import { sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor, Tx } from './database.ts';
import { within } from './scope.ts';

export interface SystemRow {
  readonly sys_code: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly collect_cron: string | null;
  readonly collect_time_zone: string;
  readonly collect_window_ms: string;
  readonly collect_tick_at: Date | null;
  readonly created_at: Date;
}

/** A system with what its page shows beside it. */
export interface SystemOverviewRow extends SystemRow {
  readonly clients_connected: string;
  readonly last_collect_at: Date | null;
  /** The latest collect that the cron started, unless a later one of any kind completed. */
  readonly cron_state: string | null;
  readonly cron_reason: string | null;
}

export interface NewSystem {
  readonly sysCode: string;
  readonly name: string;
  readonly collectCron: string | null;
  readonly collectTimeZone: string;
  readonly collectWindowMs: number;
  readonly createdAt: Date;
}

const COLUMNS = sql`sys_code, name, enabled, collect_cron, collect_time_zone, collect_window_ms, collect_tick_at, created_at`;

/** @returns false where the system exists already. */
export async function insertSystem(tx: Tx, system: NewSystem): Promise<boolean> {
  // Only ticks after its creation count, hence the first "last tick" is now.
  const result = await sql<{ sys_code: string }>`
    INSERT INTO piculus.systems (sys_code, name, collect_cron, collect_time_zone, collect_window_ms, collect_tick_at, created_at)
    VALUES (${system.sysCode}, ${system.name}, ${system.collectCron}, ${system.collectTimeZone},
      ${system.collectWindowMs}, ${system.createdAt}, ${system.createdAt})
    ON CONFLICT (sys_code) DO NOTHING RETURNING sys_code`.execute(tx);
  return result.rows.length === 1;
}

export async function lockSystem(tx: Tx, sysCode: string): Promise<SystemRow | null> {
  const result = await sql<SystemRow>`
    SELECT ${COLUMNS} FROM piculus.systems WHERE sys_code = ${sysCode} FOR NO KEY UPDATE`.execute(tx);
  return result.rows[0] ?? null;
}

export async function updateSystem(tx: Tx, system: SystemRow): Promise<void> {
  await sql`
    UPDATE piculus.systems SET name = ${system.name}, enabled = ${system.enabled}, collect_cron = ${system.collect_cron},
      collect_time_zone = ${system.collect_time_zone}, collect_window_ms = ${system.collect_window_ms},
      collect_tick_at = ${system.collect_tick_at}
    WHERE sys_code = ${system.sys_code}`.execute(tx);
}

/** Systems by code; all of them where no codes are given. */
export async function readSystems(db: Executor, sysCodes?: readonly string[]): Promise<SystemRow[]> {
  const which = sysCodes === undefined ? sql`true` : sql`sys_code = ANY(${[...sysCodes]}::text[])`;
  const result = await sql<SystemRow>`
    SELECT ${COLUMNS} FROM piculus.systems WHERE ${which} ORDER BY sys_code`.execute(db);
  return result.rows;
}

/** @param freshSince clients that were not heard of since then do not count as connected. */
export async function readSystemOverviews(
  db: Executor,
  freshSince: Date,
  scope: Scope,
  sysCode?: string,
): Promise<SystemOverviewRow[]> {
  const which = sysCode === undefined ? sql`true` : sql`s.sys_code = ${sysCode}`;
  const result = await sql<SystemOverviewRow>`
    SELECT s.sys_code, s.name, s.enabled, s.collect_cron, s.collect_time_zone, s.collect_window_ms, s.collect_tick_at,
      s.created_at, clients.connected AS clients_connected, ended.finished_at AS last_collect_at,
      cron.state AS cron_state, cron.reason AS cron_reason
    FROM piculus.systems s
    CROSS JOIN LATERAL (
      SELECT count(*) AS connected FROM piculus.clients c
      WHERE c.sys_code = s.sys_code AND c.disconnected_at IS NULL
        AND greatest(c.connected_at, c.last_heartbeat_at) > ${freshSince}) clients
    LEFT JOIN LATERAL (
      SELECT finished_at FROM piculus.collect_commands c
      WHERE c.sys_code = s.sys_code AND c.state IN ('complete', 'incomplete') ORDER BY c.id DESC LIMIT 1) ended ON true
    LEFT JOIN LATERAL (
      SELECT id FROM piculus.collect_commands c
      WHERE c.sys_code = s.sys_code AND c.state = 'complete' ORDER BY c.id DESC LIMIT 1) good ON true
    LEFT JOIN LATERAL (
      SELECT c.state, c.reason FROM piculus.collect_commands c JOIN piculus.collections k ON k.id = c.collection_id
      WHERE c.sys_code = s.sys_code AND k.trigger = 'cron' AND c.id > coalesce(good.id, 0)
      ORDER BY c.id DESC LIMIT 1) cron ON true
    WHERE ${which} AND ${within(sql`s.sys_code`, scope)} ORDER BY s.sys_code`.execute(db);
  return result.rows;
}

/** Moves the collect cron on, unless another node did. @returns whether it was this call. */
export async function advanceCollectTick(
  tx: Tx,
  sysCode: string,
  from: Date | null,
  to: Date,
): Promise<boolean> {
  const result = await sql<{ sys_code: string }>`
    UPDATE piculus.systems SET collect_tick_at = ${to}
    WHERE sys_code = ${sysCode} AND enabled AND collect_tick_at IS NOT DISTINCT FROM ${from}::timestamptz
    RETURNING sys_code`.execute(tx);
  return result.rows.length === 1;
}

export interface SystemKeyRow {
  readonly id: string;
  readonly sys_code: string;
  readonly prefix: string;
  readonly created_at: Date;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}

const KEY_COLUMNS = sql`id, sys_code, prefix, created_at, last_used_at, revoked_at`;

export async function insertSystemKey(
  tx: Tx,
  key: { sysCode: string; hash: Buffer; prefix: string; createdAt: Date },
): Promise<SystemKeyRow> {
  const result = await sql<SystemKeyRow>`
    INSERT INTO piculus.system_keys (sys_code, key_hash, prefix, created_at)
    VALUES (${key.sysCode}, ${key.hash}, ${key.prefix}, ${key.createdAt}) RETURNING ${KEY_COLUMNS}`.execute(
    tx,
  );
  const [row] = result.rows;
  if (!row) throw new Error('an insert without a conflict clause returned no row');
  return row;
}

export async function readSystemKeys(db: Executor, sysCode: string): Promise<SystemKeyRow[]> {
  const result = await sql<SystemKeyRow>`
    SELECT ${KEY_COLUMNS} FROM piculus.system_keys WHERE sys_code = ${sysCode} ORDER BY id DESC`.execute(db);
  return result.rows;
}

/** @returns null where the system has no such key; a key that is revoked already keeps its time. */
export async function revokeSystemKey(
  tx: Tx,
  sysCode: string,
  id: string,
  at: Date,
): Promise<SystemKeyRow | null> {
  const result = await sql<SystemKeyRow>`
    UPDATE piculus.system_keys SET revoked_at = coalesce(revoked_at, ${at})
    WHERE sys_code = ${sysCode} AND id = ${id} RETURNING ${KEY_COLUMNS}`.execute(tx);
  return result.rows[0] ?? null;
}

/** The key that may connect: known, not revoked, its system enabled. */
export async function readUsableKey(db: Executor, hash: Buffer): Promise<SystemKeyRow | null> {
  const result = await sql<SystemKeyRow>`
    SELECT k.id, k.sys_code, k.prefix, k.created_at, k.last_used_at, k.revoked_at
    FROM piculus.system_keys k JOIN piculus.systems s USING (sys_code)
    WHERE k.key_hash = ${hash} AND k.revoked_at IS NULL AND s.enabled`.execute(db);
  return result.rows[0] ?? null;
}

export interface ProvableKeyRow extends SystemKeyRow {
  readonly key_hash: Buffer;
}

/** All keys of the system that may connect, with what is kept of each, newest first. */
export async function readProvableKeys(db: Executor, sysCode: string): Promise<ProvableKeyRow[]> {
  const result = await sql<ProvableKeyRow>`
    SELECT k.id, k.sys_code, k.prefix, k.created_at, k.last_used_at, k.revoked_at, k.key_hash
    FROM piculus.system_keys k JOIN piculus.systems s USING (sys_code)
    WHERE k.sys_code = ${sysCode} AND k.revoked_at IS NULL AND s.enabled ORDER BY k.id DESC`.execute(db);
  return result.rows;
}

export async function touchSystemKey(db: Executor, id: string, at: Date): Promise<void> {
  await sql`UPDATE piculus.system_keys SET last_used_at = ${at} WHERE id = ${id}`.execute(db);
}
