/** The table of collections: one row per broadcast. Its commands are in collect-commands.ts. */
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor, Tx } from './database.ts';
import { within } from './scope.ts';

export interface CollectionRow {
  readonly id: string;
  readonly trigger: string;
  readonly requested_by: string | null;
  readonly window_from: Date;
  readonly window_to: Date;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}

export interface NewCollection {
  readonly trigger: 'click' | 'cron';
  readonly requestedBy: string;
  readonly windowFrom: Date;
  readonly windowTo: Date;
  readonly createdAt: Date;
}

const COLUMNS = sql`k.id, k.trigger, k.requested_by, k.window_from, k.window_to, k.created_at, k.finished_at`;

export async function insertCollection(tx: Tx, collection: NewCollection): Promise<string> {
  const result = await sql<{ id: string }>`
    INSERT INTO piculus.collections (trigger, requested_by, window_from, window_to, created_at)
    VALUES (${collection.trigger}, ${collection.requestedBy}, ${collection.windowFrom}, ${collection.windowTo},
      ${collection.createdAt}) RETURNING id`.execute(tx);
  const [row] = result.rows;
  if (!row) throw new Error('an insert without a conflict clause returned no row');
  return row.id;
}

/** Collections are of the systems of their commands. */
const inScope = (scope: Scope, sysCode?: string): RawBuilder<unknown> =>
  scope === 'all' && sysCode === undefined
    ? sql`true`
    : sql`EXISTS (SELECT FROM piculus.collect_commands c WHERE c.collection_id = k.id
        AND ${sysCode === undefined ? sql`true` : sql`c.sys_code = ${sysCode}`} AND ${within(sql`c.sys_code`, scope)})`;

export async function readCollection(db: Executor, id: string, scope: Scope): Promise<CollectionRow | null> {
  const result = await sql<CollectionRow>`
    SELECT ${COLUMNS} FROM piculus.collections k WHERE k.id = ${id} AND ${inScope(scope)}`.execute(db);
  return result.rows[0] ?? null;
}

/**
 * The state of a collection from those of its commands, as `collectionState` in collections/rules.ts has it;
 * here it can be filtered by.
 */
const stateIn = (scope: Scope): RawBuilder<unknown> => sql`(
  SELECT CASE
    WHEN bool_or(c.state = 'running') THEN 'running'
    WHEN bool_and(c.state = 'waiting') THEN 'waiting'
    WHEN bool_or(c.state = 'waiting') THEN 'running'
    WHEN bool_and(c.state = 'complete') THEN 'complete'
    WHEN bool_and(c.state = 'cancelled') THEN 'cancelled'
    WHEN bool_and(c.state = 'failed') THEN 'failed'
    ELSE 'incomplete' END
  FROM piculus.collect_commands c WHERE c.collection_id = k.id AND ${within(sql`c.sys_code`, scope)})`;

/** Newest first, below the id of the page before. */
export async function listCollections(
  db: Executor,
  filter: {
    readonly before: string | null;
    readonly limit: number;
    readonly sysCode?: string | undefined;
    readonly states?: readonly string[] | undefined;
    readonly scope: Scope;
  },
): Promise<CollectionRow[]> {
  const before = filter.before === null ? sql`true` : sql`k.id < ${filter.before}`;
  const { scope, states } = filter;
  const system = inScope(scope, filter.sysCode);
  const state = states === undefined ? sql`true` : sql`${stateIn(scope)} = ANY(${[...states]}::text[])`;
  const result = await sql<CollectionRow>`
    SELECT ${COLUMNS} FROM piculus.collections k WHERE ${before} AND ${system} AND ${state}
    ORDER BY k.id DESC LIMIT ${filter.limit}`.execute(db);
  return result.rows;
}

/**
 * Ends the collection where all its commands have ended. Its row is locked first: of two commands that end at
 * the same moment the second sees the first.
 */
export async function finishCollection(tx: Tx, id: string, at: Date): Promise<void> {
  await sql`SELECT FROM piculus.collections WHERE id = ${id} FOR NO KEY UPDATE`.execute(tx);
  await sql`
    UPDATE piculus.collections SET finished_at = ${at}
    WHERE id = ${id} AND finished_at IS NULL AND NOT EXISTS (
      SELECT FROM piculus.collect_commands c WHERE c.collection_id = ${id} AND c.finished_at IS NULL)`.execute(
    tx,
  );
}
