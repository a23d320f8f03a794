/** Opens the demo's databases: those that the environment names, the others embedded, a process each. */
import { join } from 'node:path';
import type pg from 'pg';
import { createPool } from '../shared/database.ts';
import { type Children, fromRoot } from './children.ts';
import { DemoError } from './demo-error.ts';
import { claim, type DatabaseState, inspect } from './marker.ts';
import type { DatabaseName, DemoOptions } from './options.ts';

export interface DemoDatabase {
  readonly name: DatabaseName;
  readonly url: string;
  readonly state: DatabaseState;
  readonly pool: pg.Pool;
}
export type DemoDatabases = ReadonlyMap<DatabaseName, DemoDatabase>;

export function neededDatabases(options: DemoOptions): DatabaseName[] {
  return [
    // A server that runs already has its own.
    ...(options.join == null ? (['piculus'] as const) : []),
    'pbap',
    'bank',
    ...(options.systems.includes('PBMS') ? (['pbms', 'pbms-bank'] as const) : []),
  ];
}

/**
 * Looks at all before it changes any. Nothing is ever dropped.
 * @param folder of the embedded ones; null for databases in memory.
 * @throws DemoError where one is somebody else's, or not empty for a run with --once.
 */
export async function openDatabases(
  options: DemoOptions,
  children: Children,
  folder: string | null,
): Promise<DemoDatabases> {
  const opened = await Promise.all(
    neededDatabases(options).map(async (name) => {
      const url = options.databaseUrls[name] ?? (await startEmbedded(name, children, folder));
      const pool = createPool({ url, name: 'piculus-demo' });
      return { name, url, pool };
    }),
  );
  const close = async (): Promise<void> => {
    await Promise.all(opened.map(({ pool }) => pool.end()));
  };
  try {
    const databases: DemoDatabase[] = [];
    for (const database of opened) {
      databases.push({ ...database, state: await look(database.pool, database.name) });
    }
    for (const database of databases) refuseForeign(database, options);
    for (const { pool, name } of databases) await claim(pool, name);
    return new Map(databases.map((database) => [database.name, database]));
  } catch (error) {
    await close();
    throw error;
  }
}

export async function closeDatabases(databases: DemoDatabases): Promise<void> {
  await Promise.all([...databases.values()].map(({ pool }) => pool.end()));
}

async function startEmbedded(name: DatabaseName, children: Children, folder: string | null): Promise<string> {
  const where = folder === null ? ['--temporary'] : ['--data-dir', join(folder, 'databases', name)];
  const ready = await children.start({
    name: `database-${name}`,
    script: fromRoot('packages/embedded-database/dist/process.js'),
    args: where,
  });
  const { url } = ready;
  if (typeof url !== 'string') throw new DemoError(`the embedded database ${name} did not say where it is`);
  return url;
}

async function look(pool: pg.Pool, name: DatabaseName): Promise<DatabaseState> {
  try {
    return await inspect(pool, name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DemoError(`the database of ${variableOf(name)} cannot be used: ${reason}`);
  }
}

function refuseForeign({ name, state }: DemoDatabase, options: DemoOptions): void {
  if (state.kind === 'empty') return;
  if (state.kind === 'foreign') {
    throw new DemoError(
      `the database of ${variableOf(name)} holds tables that are not the demo's; give an empty one. Nothing was changed.`,
    );
  }
  if (options.once) {
    throw new DemoError(
      `the database of ${variableOf(name)} is not empty, and --once needs fresh ones; give an empty one. Nothing was changed.`,
    );
  }
}

/** @returns the variable that names the database, as people set it. */
export function variableOf(name: DatabaseName): string {
  return `${name === 'piculus' ? 'PICULUS' : name.toUpperCase().replace('-', '_')}_DATABASE_URL`;
}
