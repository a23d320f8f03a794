/** What the figures were made on: without it they say nothing. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import pg from 'pg';
import { fromRoot } from './paths.ts';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  /** Of the last minute, before the benchmark began: far over 0 means that others were at work. */
  readonly loadBefore: number;
  readonly node: string;
  readonly postgres: string;
}

const SETTINGS = [
  'shared_buffers',
  'work_mem',
  'max_wal_size',
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'autovacuum',
  'jit',
] as const;

export async function describeMachine(databaseUrl: string): Promise<Machine> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; value: string }>(
      `select name, current_setting(name) as value from unnest($1::text[]) as name`,
      [['server_version', ...SETTINGS]],
    );
    const [version, ...settings] = rows;
    return {
      processor: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      kernel: release(),
      memoryGb: Math.round(totalmem() / 1e9),
      loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
      node: process.versions.node,
      postgres: `${version?.value} (${settings.map(({ name, value }) => `${name} ${value}`).join(', ')})`,
    };
  } finally {
    await client.end();
  }
}

/** Of Piculus and of all that it is compared with, as they are pinned. */
export function describeVersions(): Readonly<Record<string, string>> {
  const { version } = readJson('package.json');
  const { dependencies } = readJson('benchmarks/peers/package.json');
  const pinned =
    typeof dependencies === 'object' && dependencies !== null ? Object.entries(dependencies) : [];
  return {
    piculus: String(version),
    node: process.versions.node,
    ...Object.fromEntries(pinned.map(([name, given]) => [name, String(given)])),
  };
}

function readJson(path: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(readFileSync(fromRoot(path), 'utf8'));
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
