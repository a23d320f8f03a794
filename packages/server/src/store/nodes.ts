/**
 * The table of nodes: the servers on this database. Times are the database's own, so that a node whose clock is wrong
 * is neither taken for dead nor takes others for it.
 */
import { sql } from 'kysely';
import type { Database, Executor } from './database.ts';
import { transaction } from './pool.ts';

export type NodeState = 'working' | 'draining' | 'gone';

/** What a node says of itself with every sign of life. */
export interface NodeSign {
  readonly nodeId: string;
  readonly state: Exclude<NodeState, 'gone'>;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  readonly address: string;
  /** Connected ones. */
  readonly clients: number;
  readonly secretPrint: string;
  readonly signingKey: string | null;
  readonly auditKey: string;
}

export interface NodeRow {
  readonly node_id: string;
  readonly started_at: Date;
  readonly seen_at: Date;
  /** Since when its signs of life came without a gap. */
  readonly unbroken_since: Date;
  readonly state: NodeState;
  readonly gone_at: Date | null;
  readonly gone_because: 'stopped' | 'silent' | null;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  readonly address: string;
  readonly clients: number;
  readonly secret_print: string;
  readonly signing_key: string | null;
  readonly audit_key: string;
  /** How long ago its last sign of life was, by the database's clock. */
  readonly silent_ms: number;
}

const ms = (amount: number) => sql`${amount} * interval '1 millisecond'`;

/**
 * A sign of life. The first one makes the row.
 * @param gapMs after so long without one, signs count as broken.
 * @returns false where the others have taken this node for dead.
 */
export async function beat(db: Executor, sign: NodeSign, gapMs: number): Promise<boolean> {
  const result = await sql<{ node_id: string }>`
    INSERT INTO piculus.nodes AS n (node_id, started_at, seen_at, unbroken_since, state, version, host, pid, address,
      clients, secret_print, signing_key, audit_key)
    VALUES (${sign.nodeId}, clock_timestamp(), clock_timestamp(), clock_timestamp(), ${sign.state}, ${sign.version},
      ${sign.host}, ${sign.pid}, ${sign.address}, ${sign.clients}, ${sign.secretPrint}, ${sign.signingKey},
      ${sign.auditKey})
    ON CONFLICT (node_id) DO UPDATE SET seen_at = greatest(n.seen_at, clock_timestamp()),
      unbroken_since = CASE WHEN n.seen_at < clock_timestamp() - ${ms(gapMs)} THEN clock_timestamp()
        ELSE n.unbroken_since END,
      state = excluded.state, version = excluded.version, address = excluded.address, clients = excluded.clients,
      secret_print = excluded.secret_print, signing_key = excluded.signing_key, audit_key = excluded.audit_key
    WHERE n.state <> 'gone' RETURNING node_id`.execute(db);
  return result.rows.length === 1;
}

/** All rows, gone ones included; the longest at work first. */
export async function readNodes(db: Executor): Promise<NodeRow[]> {
  const result = await sql<NodeRow>`
    SELECT node_id, started_at, seen_at, unbroken_since, state, gone_at, gone_because, version, host, pid, address,
      clients, secret_print, signing_key, audit_key,
      greatest(0, extract(epoch FROM clock_timestamp() - seen_at) * 1000)::float8 AS silent_ms
    FROM piculus.nodes ORDER BY started_at, node_id`.execute(db);
  return result.rows;
}

/** Those of whom nothing was heard for too long. */
export interface SilentNodes {
  readonly nodeIds: readonly string[];
  /** Their clients, which are not connected any more, by system. */
  readonly clients: readonly { readonly client_id: string; readonly sys_code: string }[];
}

/**
 * Marks as gone whoever was silent for `silentMs`, with their clients and duties. Only a node whose own signs of life
 * came for that long without a gap may say so: after an outage of the database all are silent, and none is dead.
 */
export async function retireSilentNodes(
  db: Database,
  by: { readonly nodeId: string; readonly silentMs: number },
): Promise<SilentNodes> {
  const limit = ms(by.silentMs);
  // A look first: in the ordinary case there is nothing to do, and no transaction for it.
  const found = await sql<{ node_id: string }>`
    SELECT node_id FROM piculus.nodes
    WHERE state <> 'gone' AND seen_at < clock_timestamp() - ${limit} LIMIT 1`.execute(db);
  if (found.rows.length === 0) return { nodeIds: [], clients: [] };
  return transaction(db, async (tx) => {
    const gone = await sql<{ node_id: string }>`
      UPDATE piculus.nodes SET state = 'gone', gone_at = clock_timestamp(), gone_because = 'silent'
      WHERE state <> 'gone' AND seen_at < clock_timestamp() - ${limit} AND EXISTS (
        SELECT FROM piculus.nodes own WHERE own.node_id = ${by.nodeId} AND own.state <> 'gone'
          AND own.unbroken_since <= clock_timestamp() - ${limit})
      RETURNING node_id`.execute(tx);
    const nodeIds = gone.rows.map(({ node_id }) => node_id);
    if (nodeIds.length === 0) return { nodeIds, clients: [] };
    return { nodeIds, clients: await letGo(tx, nodeIds) };
  });
}

/** Says goodbye: its clients are gone, its duties free. */
export async function leave(db: Database, nodeId: string): Promise<void> {
  await transaction(db, async (tx) => {
    await sql`
      UPDATE piculus.nodes SET state = 'gone', gone_at = clock_timestamp(), gone_because = 'stopped', clients = 0
      WHERE node_id = ${nodeId} AND state <> 'gone'`.execute(tx);
    await letGo(tx, [nodeId]);
  });
}

async function letGo(tx: Executor, nodeIds: readonly string[]): Promise<SilentNodes['clients']> {
  await sql`
    UPDATE piculus.duties SET expires_at = clock_timestamp()
    WHERE node_id = ANY(${[...nodeIds]}::text[]) AND expires_at > clock_timestamp()`.execute(tx);
  // A client that came back elsewhere belongs to that node by now.
  const clients = await sql<{ client_id: string; sys_code: string }>`
    UPDATE piculus.clients SET disconnected_at = greatest(connected_at, last_heartbeat_at)
    WHERE node_id = ANY(${[...nodeIds]}::text[]) AND disconnected_at IS NULL
    RETURNING client_id, sys_code`.execute(tx);
  return clients.rows;
}

/** Forgets whoever is gone for so long. */
export async function deleteGoneNodes(db: Executor, goneMs: number): Promise<number> {
  const result = await sql`
    DELETE FROM piculus.nodes WHERE state = 'gone' AND gone_at < clock_timestamp() - ${ms(goneMs)}`.execute(
    db,
  );
  return Number(result.numAffectedRows ?? 0);
}

/** Of these keys of systems, those that may not connect any more: revoked, or of a disabled system. */
export async function readEndedKeys(db: Executor, keyIds: readonly string[]): Promise<string[]> {
  const result = await sql<{ id: string }>`
    SELECT k.id FROM piculus.system_keys k JOIN piculus.systems s USING (sys_code)
    WHERE k.id = ANY(${[...keyIds]}::bigint[]) AND (k.revoked_at IS NOT NULL OR NOT s.enabled)`.execute(db);
  return result.rows.map(({ id }) => id);
}

/** The other node with the freshest connected client of the system that has the fix; null where there is none. */
export async function findNodeWithFix(
  db: Executor,
  asked: { readonly sysCode: string; readonly fixCode: string; readonly notOn: readonly string[] },
): Promise<string | null> {
  const result = await sql<{ node_id: string }>`
    SELECT c.node_id FROM piculus.clients c JOIN piculus.nodes n ON n.node_id = c.node_id AND n.state = 'working'
    WHERE c.sys_code = ${asked.sysCode} AND c.disconnected_at IS NULL
      AND c.hello->'fixes' @> to_jsonb(${asked.fixCode}::text) AND NOT c.node_id = ANY(${[...asked.notOn]}::text[])
    ORDER BY greatest(c.connected_at, c.last_heartbeat_at) DESC LIMIT 1`.execute(db);
  return result.rows[0]?.node_id ?? null;
}
