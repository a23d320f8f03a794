/** The server's database, looked at without changing it. Loads the server, so only the doctor imports it. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PiculusError } from '@piculus/protocol';
import {
  type DatabaseReport,
  inspectDatabase,
  ownDatabaseDir,
  type ServerConfig,
  StartError,
  withDatabase,
} from '@piculus/server';
import type { CliClock } from '../clock.ts';
import { readJsonObject } from '../read-json.ts';
import { type Finding, good, note, wrong } from './finding.ts';
import { checkSkew } from './machine.ts';

const POSTGRES_MIN = 150_000;

/** Opens the database only where no running server has it. */
export async function checkDatabase(config: ServerConfig, clock: CliClock): Promise<Finding[]> {
  if (config.databaseUrl === null) {
    const own = await checkOwnDirectory(ownDatabaseDir(config));
    if (own !== null) return [own];
  }
  const where = config.databaseUrl === null ? 'the embedded database' : 'PostgreSQL';
  try {
    const report = await withDatabase(config, (db) => inspectDatabase(db, () => new Date(clock.now())));
    return describe(report, where, config.databaseUrl === null);
  } catch (error) {
    return [databaseError(error, where)];
  }
}

/** @returns why the embedded database is not opened here; null where it may be. */
async function checkOwnDirectory(directory: string): Promise<Finding | null> {
  const lock = await readFile(join(directory, 'piculus.lock'), 'utf8').catch(() => null);
  if (lock !== null) {
    const pid = lockPid(lock);
    if (pid !== null && isAlive(pid))
      return good('database', `the embedded database in ${directory} is open in process ${pid}`);
  }
  // Looking must not make one.
  if (!existsSync(join(directory, 'complete'))) {
    return note('database', `there is no embedded database in ${directory} yet; the first start makes it`);
  }
  return null;
}

function lockPid(text: string): number | null {
  const pid = readJsonObject(text)?.get('pid');
  return typeof pid === 'number' && Number.isInteger(pid) && pid > 0 ? pid : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user lives as well.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function describe(report: DatabaseReport, where: string, embedded: boolean): Finding[] {
  const findings: Finding[] = [
    report.serverVersionNumber >= POSTGRES_MIN
      ? good('database', `${where} answers, version ${report.serverVersion}`)
      : wrong('database', `${where} is version ${report.serverVersion}`, 'use PostgreSQL 15 or newer'),
  ];
  if (embedded)
    findings.push(note('durability', 'the embedded database does not flush to disk: for evaluation only'));
  if (report.unknown.length > 0) {
    findings.push(
      wrong(
        'migrations',
        `the database was made by a newer build (${report.unknown.join(', ')})`,
        'install that build; an older one must not write to it',
      ),
    );
  } else if (report.missing.length > 0) {
    findings.push(
      note(
        'migrations',
        `not applied yet: ${report.missing.join(', ')}; the next start does it, or "piculus migrate"`,
      ),
    );
  } else findings.push(good('migrations', 'all migrations are applied'));
  findings.push(checkSkew('database-clock', "the database's clock", report.clockAheadMs));
  return findings;
}

function databaseError(error: unknown, where: string): Finding {
  if (error instanceof StartError) return note('database', error.message);
  if (error instanceof PiculusError && error.code === 'database-away') {
    const cause = error.cause instanceof Error ? error.cause.message : '';
    return wrong(
      'database',
      `${where} cannot be reached${cause === '' ? '' : `: ${cause}`}`,
      'is it running, and is PICULUS_DATABASE_URL right?',
    );
  }
  return wrong(
    'database',
    `${where} could not be looked at: ${error instanceof Error ? error.message : String(error)}`,
    'see the words before this',
  );
}
