/** The server's own tables, empty, made once by its own migrations and copied for every round. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { CellContext } from '../cell.ts';
import { makeDatabase, withClient } from '../support/databases.ts';
import { fromRoot } from '../support/paths.ts';

/** @returns the address of a database that is there to be copied. */
export async function makeTables(context: CellContext): Promise<string> {
  const url = await makeDatabase(context, 'tables');
  const migrate = spawn(process.execPath, [fromRoot('packages/cli/bin/piculus.js'), 'migrate'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PICULUS_DATABASE_URL: url },
  });
  const [code] = await once(migrate, 'exit');
  if (code !== 0) throw new Error('the tables could not be made');
  return url;
}

/** @returns the address of a copy, which is dropped at the end. */
export async function copyTables(context: CellContext, tables: string): Promise<string> {
  const name = `piculus_bench_copy_${randomBytes(4).toString('hex')}`;
  const original = new URL(tables).pathname.slice(1);
  await withClient(context.databaseUrl, (db) => db.query(`create database ${name} template ${original}`));
  context.atEnd(async () => {
    await withClient(context.databaseUrl, (db) => db.query(`drop database if exists ${name} with (force)`));
  });
  const url = new URL(context.databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}
