/** The table of clients: the latest that each process said of itself. */
import { sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor } from './database.ts';
import { type ConnectionNumber, notNewer } from './fencing.ts';
import { toJson } from './json.ts';
import { within } from './scope.ts';

export interface ClientRow {
  readonly client_id: string;
  readonly sys_code: string;
  readonly hello: unknown;
  readonly node_id: string;
  readonly connected_at: Date;
  readonly disconnected_at: Date | null;
  readonly last_heartbeat_at: Date | null;
  readonly last_answered_at: Date | null;
  readonly event_loop_lag_ms: number | null;
}

export type Greeted =
  | { readonly as: 'newest'; readonly connection: string }
  /** It has greeted on a newer connection already. */
  | { readonly as: 'replaced' }
  /** A client of another system has this id. */
  | { readonly as: 'foreign' };

/** Without a number of its own the connection gets one, and counts as the newest. */
export async function upsertClient(
  db: Executor,
  client: {
    clientId: string;
    sysCode: string;
    hello: object;
    nodeId: string;
    connection: ConnectionNumber;
    at: Date;
  },
): Promise<Greeted> {
  const result = await sql<{ connection: string }>`
    INSERT INTO piculus.clients AS c (client_id, sys_code, hello, node_id, connection, connected_at)
    VALUES (${client.clientId}, ${client.sysCode}, ${toJson(client.hello)}::text::jsonb, ${client.nodeId},
      ${client.connection}::bigint, ${client.at})
    ON CONFLICT (client_id) DO UPDATE SET hello = excluded.hello, node_id = excluded.node_id,
      connection = excluded.connection, connected_at = excluded.connected_at, disconnected_at = NULL
    WHERE c.sys_code = excluded.sys_code AND (c.connection IS NULL OR c.connection < excluded.connection)
    RETURNING connection`.execute(db);
  const [row] = result.rows;
  if (row !== undefined) return { as: 'newest', connection: row.connection };
  const found = await sql`
    SELECT FROM piculus.clients WHERE client_id = ${client.clientId} AND sys_code <> ${client.sysCode}`.execute(
    db,
  );
  return { as: found.rows.length > 0 ? 'foreign' : 'replaced' };
}

/** Which connection of which client. */
export interface ClientConnection {
  readonly clientId: string;
  readonly connection: ConnectionNumber;
}

/** @returns false where the client has a newer connection. */
export async function markHeartbeat(
  db: Executor,
  { clientId, connection }: ClientConnection,
  at: Date,
  lagMs: number,
): Promise<boolean> {
  const result = await sql<{ marked: boolean }>`
    WITH marked AS (
      UPDATE piculus.clients SET last_heartbeat_at = ${at}, event_loop_lag_ms = ${lagMs}
      WHERE client_id = ${clientId} AND ${notNewer(sql`connection`, connection)}
      RETURNING client_id)
    SELECT EXISTS (SELECT FROM marked)
      OR NOT EXISTS (SELECT FROM piculus.clients WHERE client_id = ${clientId}) AS marked`.execute(db);
  return result.rows[0]?.marked ?? false;
}

export async function markAnswered(db: Executor, clientId: string, at: Date): Promise<void> {
  await sql`UPDATE piculus.clients SET last_answered_at = ${at} WHERE client_id = ${clientId}`.execute(db);
}

/** Only where the client is still this node's: it may have come back on another one meanwhile. */
export async function markDisconnected(
  db: Executor,
  { clientId, connection }: ClientConnection,
  nodeId: string,
  at: Date,
): Promise<string | null> {
  const result = await sql<{ sys_code: string }>`
    UPDATE piculus.clients SET disconnected_at = ${at}
    WHERE client_id = ${clientId} AND node_id = ${nodeId} AND disconnected_at IS NULL
      AND ${notNewer(sql`connection`, connection)}
    RETURNING sys_code`.execute(db);
  return result.rows[0]?.sys_code ?? null;
}

/** Newest connection first. */
export async function readClients(
  db: Executor,
  filter: {
    readonly sysCode?: string | undefined;
    readonly freshSince?: Date | undefined;
    readonly scope: Scope;
  },
): Promise<ClientRow[]> {
  const system = filter.sysCode === undefined ? sql`true` : sql`sys_code = ${filter.sysCode}`;
  const fresh =
    filter.freshSince === undefined
      ? sql`true`
      : sql`disconnected_at IS NULL AND greatest(connected_at, last_heartbeat_at) > ${filter.freshSince}`;
  const result = await sql<ClientRow>`
    SELECT client_id, sys_code, hello, node_id, connected_at, disconnected_at, last_heartbeat_at, last_answered_at,
      event_loop_lag_ms
    FROM piculus.clients WHERE ${system} AND ${fresh} AND ${within(sql`sys_code`, filter.scope)} ORDER BY connected_at DESC, client_id`.execute(
    db,
  );
  return result.rows;
}

/** Fix codes by system, as all known clients have announced them. */
export async function readAnnouncedFixes(
  db: Executor,
  sysCode?: string,
): Promise<{ sys_code: string; fix_code: string }[]> {
  const which = sysCode === undefined ? sql`true` : sql`c.sys_code = ${sysCode}`;
  const result = await sql<{ sys_code: string; fix_code: string }>`
    SELECT DISTINCT c.sys_code, fix_code
    FROM piculus.clients c, jsonb_array_elements_text(c.hello->'fixes') AS fix_code
    WHERE ${which}`.execute(db);
  return result.rows;
}

/** Problems under open leases, by client. */
export async function readPlacesUsed(db: Executor): Promise<{ client_id: string; used: string }[]> {
  const result = await sql<{ client_id: string; used: string }>`
    SELECT client_id, sum(cardinality(problem_ids) - cardinality(answered_ids)) AS used
    FROM piculus.leases WHERE closed_at IS NULL GROUP BY client_id`.execute(db);
  return result.rows;
}
