/** The PostgreSQL of the cluster: its data stays in a folder from one start to the next, and is flushed to disk. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, say } from '../lib.mjs';
import {
  findPrograms,
  freePort,
  installOnDebian,
  makePostgres,
  postgresPlace,
  runPostgres,
} from '../postgres.mjs';

/** Of the nodes, and of the example's production system and its bank. */
const DATABASES = ['piculus', 'pbap', 'bank'];
/** The second and third are the defaults; said here because the promises rest on them. */
const SETTINGS = { max_connections: 100, fsync: 'on', synchronous_commit: 'on' };

/**
 * @returns `{ urls, stop(), ended }`, or null after saying why not.
 * @param {string} folder absolute
 */
export async function startPostgres(folder) {
  const programs = findPrograms() ?? (await installOnDebian());
  if (programs === null) {
    say('PostgreSQL 15 or newer is needed (Debian: apt-get install -y postgresql)');
    return null;
  }
  const place = await postgresPlace(programs, folder);
  const isNew = !existsSync(join(place.data, 'PG_VERSION'));
  if (isNew && (await makePostgres(place, { flushed: true })) === null) return null;
  // Left behind by a cluster that was killed: it would keep its data to itself.
  if (existsSync(join(place.data, 'postmaster.pid')))
    await capture(join(programs, 'pg_ctl'), ['-D', place.data, '-m', 'fast', '-w', 'stop'], {
      cwd: place.data,
      ...(place.owner ?? {}),
    });
  const running = await runPostgres(place, await freePort(), { settings: SETTINGS, apart: true });
  if (running === null) return null;
  const password = readFileSync(place.passwordFile, 'utf8').trim();
  const url = (name) => `postgres://piculus:${password}@127.0.0.1:${running.port}/${name}`;
  for (const name of DATABASES) {
    // It is there from the last time, or it is made now: both are said by psql, and only the second is an error.
    await capture(join(programs, 'psql'), ['-X', '-q', url('postgres'), '-c', `CREATE DATABASE ${name}`], {
      env: { PATH: process.env.PATH },
    });
  }
  return { ...running, urls: Object.fromEntries(DATABASES.map((name) => [name, url(name)])) };
}
