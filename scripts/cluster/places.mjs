/** Where a cluster keeps what it keeps, and what its two commands know of each other. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from '../lib.mjs';

/** @param {string | undefined} given by --folder. @returns the absolute folder of the cluster. */
export function clusterFolder(given) {
  const isRoot = process.getuid?.() === 0;
  return resolve(
    process.env.INIT_CWD ?? process.cwd(),
    // The database's own user must be able to reach it, and would not in the home of root.
    given ?? (isRoot ? '/var/lib/piculus-cluster' : join(ROOT, '.piculus', 'cluster')),
  );
}

const fileOf = (folder) => join(folder, 'cluster.json');

/** Readable by its owner alone: the addresses of the databases have their password. */
export function tellPlaces(folder, places) {
  writeFileSync(`${fileOf(folder)}.new`, `${JSON.stringify(places, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${fileOf(folder)}.new`, fileOf(folder));
}

export function forgetPlaces(folder) {
  rmSync(fileOf(folder), { force: true });
}

/** @returns what the running cluster told, or null where none runs. */
export function readPlaces(folder) {
  if (!existsSync(fileOf(folder))) return null;
  const places = JSON.parse(readFileSync(fileOf(folder), 'utf8'));
  return isAlive(places.pid) ? places : null;
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
