/** The databases under comparison, each with a way to empty it and to say all that is in it. */
import pg from 'pg';
import { type Database, openDatabase, type Tx } from '../../../packages/server/src/store/database.ts';
import { migrate } from '../../../packages/server/src/store/migrate.ts';
import { openPool, transaction } from '../../../packages/server/src/store/pool.ts';
import type { Tables } from '../../../packages/server/src/store/tables.ts';
import { createEmbeddedTestDatabase, createTestDatabase } from '../../support/database.ts';
import { openEngine, readMigrations } from '../src/store/index.ts';
import { canonical } from './canonical.ts';

/** Rows by table, in one spelling and order. */
export type Dump = Readonly<Record<string, readonly unknown[]>>;

export type Sequences = ReadonlyMap<string, bigint>;

export interface Engine {
  readonly name: string;
  readonly db: Database;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** As a new installation, its policy careful, its times `BEGINNING`. */
  reset(): Promise<void>;
  dump(): Promise<Dump>;
  /** The last value of every sequence by its name. */
  sequences(): Promise<Sequences>;
  setSequences(last: Sequences): Promise<void>;
  close(): Promise<void>;
}

/** When every world begins. */
export const BEGINNING = new Date('2026-03-02T08:00:00.000Z');

const MIGRATIONS = readMigrations(new URL('../../../packages/server/migrations/', import.meta.url));

/** Who may sign in, and what is only shown: no room of the simulation writes there. */
const NOT_SIMULATED = new Set([
  'accounts',
  'api_tokens',
  'audit_block_rows',
  'audit_blocks',
  'audit_checkpoints',
  'command_refusals',
  'grants',
  'known_addresses',
  // Its rows are those of messages.
  'messages_default',
  'migrations',
  'roles',
  'saved_views',
  'second_factors',
  'sessions',
  'sign_in_failures',
  'users',
  'verifications',
]);

/** @param damage statements that take something away, to see whether anybody notices. */
export async function openPostgres(damage: readonly string[] = []): Promise<Engine> {
  const { url, drop } = await createTestDatabase();
  return openSql(damage.length === 0 ? 'PostgreSQL' : 'damaged PostgreSQL', url, drop, damage);
}

export async function openEmbedded(): Promise<Engine> {
  const { url, drop } = await createEmbeddedTestDatabase();
  return openSql('the embedded database', url, drop, []);
}

/** The database of the simulation. @param damage statements after its migrations. */
export function openSimulated(damage: readonly string[] = []): Engine {
  let nowMs = BEGINNING.getTime();
  let passesMs = 0;
  const now = (): number => {
    nowMs += passesMs;
    return nowMs;
  };
  const engine = openEngine({ migrations: MIGRATIONS, ddl: damage, now });
  // From here on no two statements are at the same moment, as with a clock.
  passesMs = 1;
  const { db } = engine.connect<Tables>({ name: 'differential', turn: async () => {} });
  const tables = engine.tables().filter((name) => !NOT_SIMULATED.has(name));
  const putBack = tables.flatMap((name) => engine.rows(name).map((row) => insertionOf(name, row)));
  // What others refer to comes first.
  putBack.sort(
    ({ table: a }, { table: b }) => Number(b === 'approval_policies') - Number(a === 'approval_policies'),
  );
  return {
    name: damage.length === 0 ? 'the simulated database' : 'the damaged simulated database',
    db,
    transaction: (work) => transaction(db, work),
    reset: async () => {
      engine.exec(`TRUNCATE TABLE ${tables.map((name) => `piculus.${name}`).join(', ')} RESTART IDENTITY`);
      engine.setSequences(new Map([...engine.sequences()].map(([name]) => [name, 0n])));
      for (const { text, values } of putBack) engine.exec(text, values);
    },
    dump: async () =>
      Object.fromEntries(
        tables.map((name) => [
          name,
          inOrder(engine.rows(name).map((row) => canonical(withoutOwnTimes(name, row)))),
        ]),
      ),
    sequences: async () => engine.sequences(),
    setSequences: async (last) => engine.setSequences(last),
    close: () => db.destroy(),
  };
}

function insertionOf(
  table: string,
  row: Record<string, unknown>,
): { table: string; text: string; values: unknown[] } {
  const columns = Object.keys(row);
  const places = columns.map((_, place) => `$${place + 1}`);
  const values = Object.values(row).map((value) =>
    typeof value === 'object' && value !== null && value.constructor === Object
      ? JSON.stringify(value)
      : value,
  );
  return {
    table,
    text: `INSERT INTO piculus.${table} (${columns.join(', ')}) VALUES (${places.join(', ')})`,
    values,
  };
}

/** Of their own, which no database promises. */
function inOrder(rows: readonly unknown[]): unknown[] {
  const spelled = rows.map((row) => ({ row, text: JSON.stringify(row) }));
  return spelled.sort((a, b) => (a.text < b.text ? -1 : 1)).map(({ row }) => row);
}

async function openSql(
  name: string,
  address: string,
  drop: () => Promise<void>,
  damage: readonly string[],
): Promise<Engine> {
  const url = new URL(address);
  // Nothing here outlives its process, so nothing has to reach the disk.
  url.searchParams.set('options', '-c synchronous_commit=off');
  const db = openDatabase(openPool({ url: url.href, connectionsMax: 1 }));
  await migrate(db);
  const aside = new pg.Client({ connectionString: url.href });
  await aside.connect();
  await aside.query('UPDATE piculus.approval_policies SET changed_at = $1', [BEGINNING]);
  for (const statement of damage) await aside.query(statement);
  const tables = await simulatedTables(aside);
  await aside.query(await emptyingOf(aside, tables));
  const reading = { name: 'dump', text: readingOf(tables) };
  return {
    name,
    db,
    transaction: (work) => transaction(db, work),
    reset: async () => {
      await aside.query({ name: 'empty', text: 'SELECT piculus.empty_everything()' });
    },
    dump: async () => {
      const found = await aside.query<{ rows: Record<string, unknown[][]> }>(reading);
      const rows = found.rows[0]?.rows ?? {};
      return Object.fromEntries(
        tables.map((table) => [
          table.name,
          inOrder((rows[table.name] ?? []).map((row) => rowOf(table, row))),
        ]),
      );
    },
    sequences: async () => {
      const found = await aside.query<{ name: string; last: string }>({
        name: 'sequences',
        text: `SELECT sequencename AS name, last_value AS last FROM pg_sequences
          WHERE schemaname = 'piculus' AND last_value IS NOT NULL`,
      });
      return new Map(found.rows.map(({ name, last }) => [name, BigInt(last)]));
    },
    setSequences: async (last) => {
      await aside.query(
        `SELECT setval('piculus.' || name, last)
        FROM unnest($1::text[], $2::bigint[]) AS given(name, last)`,
        [[...last.keys()], [...last.values()].map(String)],
      );
    },
    close: async () => {
      await aside.end();
      await db.destroy();
      await drop();
    },
  };
}

interface Column {
  readonly name: string;
  readonly type: string;
}

interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
}

async function simulatedTables(client: pg.Client): Promise<Table[]> {
  const found = await client.query<Table>(`
    SELECT c.relname AS name, (
      SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL)) ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    FROM pg_class c
    WHERE c.relnamespace = 'piculus'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname`);
  return found.rows.filter(({ name }) => !NOT_SIMULATED.has(name));
}

/** A function, whose plans are kept: what a migrated database holds is put back, and every sequence begins anew. */
async function emptyingOf(client: pg.Client, tables: readonly Table[]): Promise<string> {
  const statements = ["PERFORM set_config('session_replication_role', 'replica', true)"];
  for (const { name } of tables) {
    statements.push(`IF EXISTS (SELECT FROM piculus.${name}) THEN DELETE FROM piculus.${name}; END IF`);
    const found = await client.query<{ rows: string | null }>(
      `SELECT jsonb_agg(to_jsonb(t))::text AS rows FROM piculus.${name} t`,
    );
    const rows = found.rows[0]?.rows ?? null;
    if (rows === null) continue;
    statements.push(`INSERT INTO piculus.${name} OVERRIDING SYSTEM VALUE
      SELECT * FROM jsonb_populate_recordset(NULL::piculus.${name}, ${client.escapeLiteral(rows)}::jsonb)`);
  }
  const sequences = await client.query<{ name: string }>(
    `SELECT quote_literal('piculus.' || sequencename) AS name FROM pg_sequences WHERE schemaname = 'piculus'`,
  );
  for (const { name } of sequences.rows) statements.push(`PERFORM setval(${name}, 1, false)`);
  return `CREATE FUNCTION piculus.empty_everything() RETURNS void LANGUAGE plpgsql AS $body$
    BEGIN ${statements.join(';\n')}; END $body$`;
}

/** One statement that says everything. What JSON would round is told as text, as the driver tells it. */
function readingOf(tables: readonly Table[]): string {
  const parts = tables.map(({ name, columns }) => {
    const values = columns.map(({ name, type }) => {
      if (type === 'bigint' || type === 'numeric') return `${name}::text`;
      return type === 'bigint[]' ? `${name}::text[]` : name;
    });
    return `'${name}', (SELECT coalesce(jsonb_agg(jsonb_build_array(${values.join(', ')})), '[]')
      FROM piculus.${name})`;
  });
  // A function takes at most 100 arguments.
  const halves = [parts.slice(0, 40), parts.slice(40)].filter((half) => half.length > 0);
  return `SELECT ${halves.map((half) => `jsonb_build_object(${half.join(', ')})`).join(' || ')} AS rows`;
}

/** Columns that the database's own clock fills: no two of them say the same. */
const OWN_TIMES: Readonly<Record<string, readonly string[]>> = {
  duties: ['expires_at'],
  node_messages: ['at'],
  nodes: ['started_at', 'seen_at', 'unbroken_since', 'gone_at'],
};

function withoutOwnTimes(table: string, row: Record<string, unknown>): Record<string, unknown> {
  const own = OWN_TIMES[table] ?? [];
  return own.length === 0
    ? row
    : { ...row, ...Object.fromEntries(own.map((name) => [name, row[name] === null ? null : 'then'])) };
}

function rowOf({ name, columns }: Table, values: readonly unknown[]): unknown {
  const cells = columns.map(({ name, type }, place) => [name, cellOf(type, values[place])]);
  return canonical(withoutOwnTimes(name, Object.fromEntries(cells)));
}

function cellOf(type: string, value: unknown): unknown {
  return type === 'timestamp with time zone' && typeof value === 'string' ? new Date(value) : value;
}
