/** What a PostgreSQL on this machine has used of the processor, with all its processes. */
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';

const TICKS_PER_SECOND = 100;

export interface PostgresProcesses {
  /** Seconds since its start, of those of its processes that ended too. */
  seconds(): Promise<number>;
}

/** @returns null where it runs elsewhere, or where the system does not tell. */
export async function postgresProcesses(databaseUrl: string): Promise<PostgresProcesses | null> {
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    const { rows } = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
    const backend = await statOf(rows[0]?.pid ?? 0);
    const parent = backend?.name === 'postgres' ? await statOf(backend.parent) : null;
    if (backend === null || parent?.name !== 'postgres') return null;
    const { parent: postmaster } = backend;
    return { seconds: () => secondsOf(postmaster) };
  } finally {
    await db.end();
  }
}

async function secondsOf(postmaster: number): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name)).map(Number);
  const all = await Promise.all(pids.map(statOf));
  const own = await statOf(postmaster);
  const children = all.filter((one) => one?.parent === postmaster);
  const ticks = children.reduce((sum, one) => sum + (one?.ticks ?? 0), 0);
  return ((own?.ticks ?? 0) + (own?.ticksOfEnded ?? 0) + ticks) / TICKS_PER_SECOND;
}

interface ProcessStat {
  readonly name: string;
  readonly parent: number;
  readonly ticks: number;
  /** Of children that were waited for. */
  readonly ticksOfEnded: number;
}

async function statOf(pid: number): Promise<ProcessStat | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  const nameEnds = stat.lastIndexOf(')');
  const fields = stat.slice(nameEnds + 2).split(' ');
  const [parent, user, kernel, endedUser, endedKernel] = [1, 11, 12, 13, 14].map((at) => Number(fields[at]));
  return {
    name: stat.slice(stat.indexOf('(') + 1, nameEnds),
    parent: parent ?? 0,
    ticks: (user ?? 0) + (kernel ?? 0),
    ticksOfEnded: (endedUser ?? 0) + (endedKernel ?? 0),
  };
}
