/**
 * One process per data directory: two writers on one directory lose rows silently. The lock is a file with
 * the process id and the start time of its process, so that a number which was given to a later process is
 * not taken for the owner.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Owner {
  readonly pid: number;
  /** From the kernel, in its own units; null where the platform does not say. */
  readonly startedAt: string | null;
  readonly token: string;
}

/** Another process has the directory open. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError';
  readonly pid: number;
  constructor(dataDir: string, pid: number) {
    super(
      `the embedded database in ${dataDir} is in use by process ${pid}; stop that process first, or give another directory`,
    );
    this.pid = pid;
  }
}

/** Takes the lock. @returns a function that gives it back. @throws DirectoryInUseError */
export function lockDirectory(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'piculus.lock');
  const mine: Owner = {
    pid: process.pid,
    startedAt: startTime(process.pid),
    token: randomBytes(8).toString('hex'),
  };
  const draft = `${path}.${mine.token}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    // Three rounds are enough: a round is lost only to another process that takes over the same stale lock.
    for (let round = 0; round < 3; round++) {
      if (tryLink(draft, path)) return () => release(path, mine);
      const owner = readOwner(path);
      if (owner !== null && isAlive(owner)) throw new DirectoryInUseError(dataDir, owner.pid);
      discardStale(path, owner);
    }
  } finally {
    unlinkSync(draft);
  }
  throw new DirectoryInUseError(dataDir, readOwner(path)?.pid ?? 0);
}

/** Whether a living process has the directory open. */
export function isDirectoryInUse(dataDir: string): boolean {
  const owner = readOwner(join(dataDir, 'piculus.lock'));
  return owner !== null && isAlive(owner);
}

function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Moves the stale lock aside, and puts it back where another process was quicker and it is a new one. */
function discardStale(path: string, stale: Owner | null): void {
  const aside = `${path}.stale-${randomBytes(6).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const moved = readOwner(aside);
  if (moved !== null && moved.token !== stale?.token) tryLink(aside, path);
  unlinkSync(aside);
}

function release(path: string, mine: Owner): void {
  if (readOwner(path)?.token === mine.token) unlinkSync(path);
}

function readOwner(path: string): Owner | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null) return null;
    const { pid, startedAt, token } = value as Partial<Record<keyof Owner, unknown>>;
    if (typeof pid !== 'number' || typeof token !== 'string') return null;
    return { pid, startedAt: typeof startedAt === 'string' ? startedAt : null, token };
  } catch {
    // Gone, or cut in the middle by a power failure: nobody's.
    return null;
  }
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if (codeOf(error) !== 'EPERM') return false;
  }
  const startedAt = startTime(owner.pid);
  return startedAt === null || owner.startedAt === null || startedAt === owner.startedAt;
}

/** The start time of a process on Linux, after its boot id so that it is unique; elsewhere null. */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command may contain spaces and brackets, so that fields are counted after its last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${fields[19] ?? ''}`;
  } catch {
    return null;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
