/** The table of collect commands: one system's part of a collection, worked on by one client under a lease. */
import { PiculusError } from '@piculus/protocol';
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor, Tx } from './database.ts';
import { type ConnectionNumber, fenced, lifted, notNewer } from './fencing.ts';
import { toJson } from './json.ts';
import { within } from './scope.ts';

export interface CommandRow {
  readonly id: string;
  readonly collection_id: string;
  readonly sys_code: string;
  readonly state: string;
  /** As asked for; empty means every collector of the client. */
  readonly fix_codes: string[];
  readonly window_from: Date;
  readonly window_to: Date;
  readonly client_id: string | null;
  readonly client_version: string | null;
  readonly epoch: number;
  /** Of its client's connections the one that spoke of it last. */
  readonly connection: ConnectionNumber;
  readonly lease_expires_at: Date | null;
  readonly rows_scanned: string;
  readonly problems_reported: string;
  readonly problems_new: string;
  readonly feeds: unknown;
  readonly reason: string | null;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

const COLUMNS = sql`c.id, c.collection_id, c.sys_code, c.state, c.fix_codes, c.window_from, c.window_to, c.client_id,
  c.client_version, c.epoch, c.connection, c.lease_expires_at, c.rows_scanned, c.problems_reported, c.problems_new, c.feeds,
  c.reason, c.created_at, c.started_at, c.finished_at`;

export interface NewCommand {
  readonly sysCode: string;
  readonly windowFrom: Date;
  readonly windowTo: Date;
}

export async function insertCommands(
  tx: Tx,
  collectionId: string,
  shared: { readonly fixCodes: readonly string[]; readonly createdAt: Date },
  commands: readonly NewCommand[],
): Promise<void> {
  await sql`
    INSERT INTO piculus.collect_commands (collection_id, sys_code, state, fix_codes, window_from, window_to, created_at)
    SELECT ${collectionId}, given."sysCode", 'waiting', ${[...shared.fixCodes]}::text[], given."windowFrom",
      given."windowTo", ${shared.createdAt}
    FROM jsonb_to_recordset(${JSON.stringify(commands)}::text::jsonb)
      AS given("sysCode" text, "windowFrom" timestamptz, "windowTo" timestamptz)
    ORDER BY given."sysCode"`.execute(tx);
}

/** Those of the scope alone, by collection and id. */
export async function readCommands(
  db: Executor,
  collectionIds: readonly string[],
  scope: Scope,
): Promise<CommandRow[]> {
  const result = await sql<CommandRow>`
    SELECT ${COLUMNS} FROM piculus.collect_commands c
    WHERE c.collection_id = ANY(${[...collectionIds]}::bigint[]) AND ${within(sql`c.sys_code`, scope)} ORDER BY c.id`.execute(
    db,
  );
  return result.rows;
}

/** Of each system the newest command that ended, or the newest one at all where none has. By system. */
export async function readLastCommands(db: Executor, scope: Scope): Promise<CommandRow[]> {
  const newest = (ended: RawBuilder<unknown>): RawBuilder<unknown> => sql`(
    SELECT o.id FROM piculus.collect_commands o WHERE o.sys_code = s.sys_code AND ${ended}
    ORDER BY o.sys_code DESC, o.id DESC LIMIT 1)`;
  const result = await sql<CommandRow>`
    SELECT ${COLUMNS} FROM piculus.systems s
    JOIN piculus.collect_commands c
      ON c.id = coalesce(${newest(sql`o.finished_at IS NOT NULL`)}, ${newest(sql`o.finished_at IS NULL`)})
    WHERE ${within(sql`s.sys_code`, scope)} ORDER BY s.sys_code`.execute(db);
  return result.rows;
}

export async function lockCommand(tx: Tx, id: string): Promise<CommandRow | null> {
  const result = await sql<CommandRow>`
    SELECT ${COLUMNS} FROM piculus.collect_commands c WHERE c.id = ${id} FOR NO KEY UPDATE`.execute(tx);
  return result.rows[0] ?? null;
}

/**
 * The oldest command that this client can take and nobody works on: waiting, or its lease has run out. A client
 * that works on one already gets no second. Locked until the end of the transaction.
 */
export async function lockClaimable(
  tx: Tx,
  claim: {
    readonly sysCode: string;
    readonly clientId: string;
    readonly collectors: readonly string[];
    readonly at: Date;
    readonly epochsMax: number;
  },
): Promise<CommandRow | null> {
  const result = await sql<CommandRow>`
    SELECT ${COLUMNS} FROM piculus.collect_commands c
    WHERE c.sys_code = ${claim.sysCode} AND c.finished_at IS NULL AND c.epoch < ${claim.epochsMax}
      AND (c.state = 'waiting' OR c.lease_expires_at < ${claim.at})
      AND (cardinality(c.fix_codes) = 0 OR c.fix_codes && ${[...claim.collectors]}::text[])
      AND NOT EXISTS (
        SELECT FROM piculus.collect_commands o
        WHERE o.sys_code = ${claim.sysCode} AND o.finished_at IS NULL AND o.client_id = ${claim.clientId}
          AND o.lease_expires_at >= ${claim.at})
    ORDER BY c.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`.execute(tx);
  return result.rows[0] ?? null;
}

/** Systems with a command that nobody works on. */
export async function systemsToServe(db: Executor, at: Date): Promise<string[]> {
  const result = await sql<{ sys_code: string }>`
    SELECT DISTINCT sys_code FROM piculus.collect_commands
    WHERE finished_at IS NULL AND (state = 'waiting' OR lease_expires_at < ${at})`.execute(db);
  return result.rows.map((row) => row.sys_code);
}

/** Gives a locked command to a client: a new epoch that starts from nothing. @returns the epoch. */
export async function startCommand(
  tx: Tx,
  id: string,
  to: {
    clientId: string;
    clientVersion: string;
    connection: ConnectionNumber;
    at: Date;
    leaseExpiresAt: Date;
  },
): Promise<number> {
  const result = await sql<{ epoch: number }>`
    UPDATE piculus.collect_commands SET state = 'running', client_id = ${to.clientId}, client_version = ${to.clientVersion},
      epoch = epoch + 1, connection = ${to.connection}::bigint, lease_expires_at = ${to.leaseExpiresAt}, started_at = ${to.at}, last_sequence = 0,
      rows_scanned = 0, problems_reported = 0, problems_new = 0, feeds = '[]', reason = NULL
    WHERE id = ${id} RETURNING epoch`.execute(tx);
  const [row] = result.rows;
  if (!row) throw new Error('a locked command went away');
  return row.epoch;
}

/** Back to waiting, where it is still under this epoch. */
export async function returnCommand(db: Executor, id: string, epoch: number): Promise<void> {
  await sql`
    UPDATE piculus.collect_commands SET state = 'waiting', lease_expires_at = NULL, client_id = NULL, client_version = NULL,
      connection = NULL
    WHERE id = ${id} AND epoch = ${epoch} AND state = 'running'`.execute(db);
}

/** @throws PiculusError `stale-lease` where the command is no longer the one that was read. */
export async function addReport(
  tx: Tx,
  id: string,
  report: {
    epoch: number;
    connection: ConnectionNumber;
    sequence: number;
    problems: number;
    inserted: number;
    leaseExpiresAt: Date;
  },
): Promise<void> {
  const updated = sql`
    UPDATE piculus.collect_commands c SET last_sequence = greatest(last_sequence, ${report.sequence}),
      problems_reported = problems_reported + ${report.problems}, problems_new = problems_new + ${report.inserted},
      lease_expires_at = ${report.leaseExpiresAt}, connection = ${lifted(sql`c.connection`, report.connection)}
    WHERE id = ${id} AND epoch = ${report.epoch} AND finished_at IS NULL
      AND ${notNewer(sql`c.connection`, report.connection)}`.execute(tx);
  requireOne((await fenced(updated)).numAffectedRows);
}

/** @throws PiculusError `stale-lease` where the command is no longer the one that was read. */
export async function setProgress(
  tx: Tx,
  id: string,
  progress: { epoch: number; connection: ConnectionNumber; rowsScanned: number; leaseExpiresAt: Date },
): Promise<void> {
  const updated = sql`
    UPDATE piculus.collect_commands c SET rows_scanned = greatest(rows_scanned, ${progress.rowsScanned}),
      lease_expires_at = ${progress.leaseExpiresAt}, connection = ${lifted(sql`c.connection`, progress.connection)}
    WHERE id = ${id} AND epoch = ${progress.epoch} AND finished_at IS NULL
      AND ${notNewer(sql`c.connection`, progress.connection)}`.execute(tx);
  requireOne((await fenced(updated)).numAffectedRows);
}

function requireOne(rows: bigint | undefined): void {
  if (rows !== 1n) throw new PiculusError('stale-lease', 'another client has taken this collect over');
}

/** How many reports of this epoch are stored, and the highest sequence among them. */
export async function reportsStored(
  tx: Tx,
  id: string,
  epoch: number,
): Promise<{ stored: number; highest: number }> {
  const result = await sql<{ stored: string; highest: number }>`
    SELECT count(*) AS stored, coalesce(max(sequence), 0) AS highest
    FROM piculus.reports WHERE command_id = ${id} AND epoch = ${epoch}`.execute(tx);
  const row = result.rows[0];
  return { stored: Number(row?.stored ?? 0), highest: row?.highest ?? 0 };
}

/** Whether this report was stored before. */
export async function isReportStored(tx: Tx, id: string, epoch: number, sequence: number): Promise<boolean> {
  const result = await sql`
    SELECT FROM piculus.reports
    WHERE command_id = ${id} AND epoch = ${epoch} AND sequence = ${sequence}`.execute(tx);
  return result.rows.length > 0;
}

export interface CommandEnd {
  readonly state: 'complete' | 'incomplete' | 'failed' | 'cancelled';
  readonly reason: string | null;
  readonly at: Date;
  readonly rowsScanned?: number;
  readonly feeds?: readonly object[];
}

export async function endCommand(tx: Tx, id: string, end: CommandEnd): Promise<void> {
  const rows = end.rowsScanned === undefined ? sql`rows_scanned` : sql`${end.rowsScanned}`;
  const feeds = end.feeds === undefined ? sql`feeds` : sql`${toJson(end.feeds)}::text::jsonb`;
  await sql`
    UPDATE piculus.collect_commands SET state = ${end.state}, reason = ${end.reason}, finished_at = ${end.at},
      lease_expires_at = NULL, rows_scanned = ${rows}, feeds = ${feeds}
    WHERE id = ${id} AND finished_at IS NULL`.execute(tx);
}

/** The commands of a collection that have not ended, of these systems, locked, lowest id first. */
export async function lockOpenCommands(tx: Tx, collectionId: string, scope: Scope): Promise<CommandRow[]> {
  const result = await sql<CommandRow>`
    SELECT ${COLUMNS} FROM piculus.collect_commands c
    WHERE c.collection_id = ${collectionId} AND c.finished_at IS NULL AND ${within(sql`c.sys_code`, scope)}
    ORDER BY c.id FOR NO KEY UPDATE`.execute(tx);
  return result.rows;
}

export async function renewCommands(
  db: Executor,
  { clientId, connection }: { readonly clientId: string; readonly connection: ConnectionNumber },
  ids: readonly string[],
  leaseExpiresAt: Date,
): Promise<void> {
  const renewed = sql`
    UPDATE piculus.collect_commands c SET lease_expires_at = ${leaseExpiresAt},
      connection = ${lifted(sql`c.connection`, connection)}
    WHERE id = ANY(${[...ids]}::bigint[]) AND client_id = ${clientId} AND state = 'running'
      AND ${notNewer(sql`c.connection`, connection)}`.execute(db);
  await fenced(renewed);
}

/** Commands that nobody works on and whose last start, or creation, is before `since`, or that were given out too often. */
export async function readAbandoned(
  db: Executor,
  at: Date,
  since: Date,
  epochsMax: number,
): Promise<CommandRow[]> {
  const result = await sql<CommandRow>`
    SELECT ${COLUMNS} FROM piculus.collect_commands c
    WHERE c.finished_at IS NULL AND (c.state = 'waiting' OR c.lease_expires_at < ${at})
      AND (greatest(c.created_at, c.started_at, c.lease_expires_at) < ${since} OR c.epoch >= ${epochsMax})
    ORDER BY c.id LIMIT 1000`.execute(db);
  return result.rows;
}

/** Whether a lease has run out, so that another client may take the command over. */
export async function hasExpired(db: Executor, at: Date): Promise<boolean> {
  const result = await sql`
    SELECT FROM piculus.collect_commands
    WHERE finished_at IS NULL AND lease_expires_at < ${at} LIMIT 1`.execute(db);
  return result.rows.length > 0;
}

/** Whether a collect that the cron started for this system has not ended. */
export async function hasOpenCronCommand(db: Executor, sysCode: string): Promise<boolean> {
  const result = await sql`
    SELECT FROM piculus.collect_commands c JOIN piculus.collections k ON k.id = c.collection_id
    WHERE c.sys_code = ${sysCode} AND c.finished_at IS NULL AND k.trigger = 'cron' LIMIT 1`.execute(db);
  return result.rows.length > 0;
}
