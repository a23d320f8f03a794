/** Databases of a benchmark's own, dropped at its end. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { CellContext } from '../cell.ts';

/** @returns the address of a new, empty database. */
export async function makeDatabase(context: CellContext, purpose: string): Promise<string> {
  const name = `piculus_bench_${purpose}_${randomBytes(4).toString('hex')}`;
  await asAdministrator(context.databaseUrl, `create database ${name}`);
  context.atEnd(() => asAdministrator(context.databaseUrl, `drop database if exists ${name} with (force)`));
  const url = new URL(context.databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** One connection for this work. */
export async function withClient<T>(url: string, work: (db: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function asAdministrator(url: string, statement: string): Promise<void> {
  await withClient(url, (db) => db.query(statement));
}
