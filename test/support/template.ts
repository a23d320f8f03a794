/**
 * A migrated database that others are copied from: a copy takes a moment, all migrations take a second and more.
 * It is made by the first test file that needs it. On PostgreSQL it lasts as long as the run (test/support/run.ts),
 * for the embedded database it is a file beside the build that lasts until a migration changes.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import type pg from 'pg';
import { startEmbeddedDatabase } from '../../packages/embedded-database/src/index.ts';
import { readMigrations } from '../../packages/server/src/store/migrate.ts';
import { prepareAsConfigured } from './approval-policy.ts';

/** Any number that nothing else uses: of the workers of one run, one makes the template and the others wait. */
const MAKER_LOCK = 5_190_273_301;
const BUILD = new URL('../../packages/embedded-database/dist/', import.meta.url);
const POLICY = new URL('./approval-policy.ts', import.meta.url);
const PGLITE = new URL('../../node_modules/@electric-sql/pglite/package.json', import.meta.url);

export function templateOfRun(run: string): string {
  return `piculus_template_${run}`;
}

/** Copies the template of this run; makes it first where nobody has. @param home address of the database that `administrator` is on */
export async function copyTemplate(
  administrator: pg.Client,
  { home, run, name }: { readonly home: string; readonly run: string; readonly name: string },
): Promise<void> {
  const template = templateOfRun(run);
  // One that can be connected to is not complete yet.
  const complete = async (): Promise<boolean> => {
    const found = await administrator.query(
      'SELECT FROM pg_database WHERE datname = $1 AND NOT datallowconn',
      [template],
    );
    return found.rowCount === 1;
  };
  if (!(await complete())) {
    await administrator.query('SELECT pg_advisory_lock($1)', [MAKER_LOCK]);
    if (!(await complete())) {
      await administrator.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
      await administrator.query(`CREATE DATABASE ${template}`);
      const url = new URL(home);
      url.pathname = `/${template}`;
      await prepareAsConfigured(url.href);
      await administrator.query(`ALTER DATABASE ${template} ALLOW_CONNECTIONS false`);
    }
    await administrator.query('SELECT pg_advisory_unlock($1)', [MAKER_LOCK]);
  }
  await administrator.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
}

/** @returns the path of the files of a migrated embedded database. */
export async function embeddedTemplate(): Promise<string> {
  const folder = fileURLToPath(BUILD);
  const name = `migrated-${await fingerprint()}.tar`;
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, await makeEmbedded());
  await rename(draft, path);
  for (const other of readdirSync(folder)) {
    if (/^migrated-[0-9a-f]+\.tar$/.test(other) && other !== name)
      await rm(join(folder, other), { force: true });
  }
  return path;
}

/** Of all that the template is made from. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const { name, checksum } of await readMigrations()) hash.update(`${name} ${checksum}\n`);
  for (const file of [POLICY, PGLITE]) hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

async function makeEmbedded(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'piculus-template-'));
  try {
    const database = await startEmbeddedDatabase({ dataDir: folder });
    try {
      await prepareAsConfigured(database.url);
    } finally {
      await database.stop();
    }
    const files = await PGlite.create(join(folder, 'postgres'));
    const dump = await files.dumpDataDir('none');
    await files.close();
    return Buffer.from(await dump.arrayBuffer());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
