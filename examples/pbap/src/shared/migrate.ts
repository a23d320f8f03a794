/**
 * Creates a schema where there is none, accepts it where it is ours in this version, and refuses everything
 * else. Nothing is ever dropped or altered.
 */
import { readFile } from 'node:fs/promises';
import type pg from 'pg';

export interface SchemaDefinition {
  /** Name of the schema; it is part of SQL text below, so it is written here and never comes from input. */
  readonly schema: 'pbap' | 'bank';
  readonly product: string;
  readonly version: number;
  readonly sqlFile: URL;
}

/** The schema holds something that is not ours, or ours in another version. */
export class ForeignSchemaError extends Error {
  override readonly name = 'ForeignSchemaError';
}

/** @throws ForeignSchemaError when the schema holds something else or another version; nothing is changed then. */
export async function migrate(pool: pg.Pool, definition: SchemaDefinition): Promise<'created' | 'present'> {
  const sql = await readFile(definition.sqlFile, 'utf8');
  const client = await pool.connect();
  try {
    await client.query('begin');
    // Two processes may start on one empty database at once: the second waits and then finds the schema.
    await client.query('select pg_advisory_xact_lock(hashtext($1))', [
      `piculus-example:${definition.schema}`,
    ]);
    const present = await isPresent(client, definition);
    if (!present) await client.query(sql);
    await client.query('commit');
    return present ? 'present' : 'created';
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

async function isPresent(client: pg.PoolClient, definition: SchemaDefinition): Promise<boolean> {
  const { schema, product, version } = definition;
  const tables = await client.query<{ table_name: string }>(
    'select table_name from information_schema.tables where table_schema = $1 order by table_name',
    [schema],
  );
  if (tables.rows.length === 0) return false;
  if (!tables.rows.some((row) => row.table_name === 'schema_version')) {
    throw new ForeignSchemaError(
      `the schema "${schema}" holds tables that are not ours; give another database`,
    );
  }
  const found = await client.query<{ product: string; version: number }>(
    `select product, version from ${schema}.schema_version`,
  );
  const row = found.rows[0];
  if (row?.product !== product || row.version !== version) {
    throw new ForeignSchemaError(
      `the schema "${schema}" is ${row?.product ?? 'unknown'} version ${row?.version ?? '?'}, ` +
        `this program needs ${product} version ${version}; give another database`,
    );
  }
  return true;
}
