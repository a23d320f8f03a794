/**
 * A fresh database takes seconds to initialise, and far less to unpack. The template is made once (by the
 * set-up, or with `npm run template` of this package) and used by every first start after that.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';

/** A template of another version of PGlite must never be used, so that the version is in its name. */
export function templatePath(): string {
  const manifest = fileURLToPath(new URL('../package.json', import.meta.resolve('@electric-sql/pglite')));
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version?: unknown };
  const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));
  return join(packageRoot, 'dist', `template-${String(version)}.tar.gz`);
}

export function readTemplate(): Blob | null {
  const path = templatePath();
  return existsSync(path) ? new Blob([readFileSync(path)], { type: 'application/x-gzip' }) : null;
}

/** Makes the template where it is missing. @returns whether it was made now. */
export async function makeTemplate(): Promise<boolean> {
  const path = templatePath();
  if (existsSync(path)) return false;
  const database = await PGlite.create();
  const dump = await database.dumpDataDir('gzip');
  await database.close();
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, Buffer.from(await dump.arrayBuffer()));
  renameSync(draft, path);
  return true;
}
