/** What the figures were made on: without it they say nothing. */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import pg from 'pg';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  /** Of the last minute, before the benchmark began: far over 0 means that others were at work. */
  readonly loadBefore: number;
  readonly node: string;
  readonly postgres: string;
}

const SETTINGS = ['shared_buffers', 'work_mem', 'fsync', 'synchronous_commit', 'jit'] as const;

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
      memoryGb: Math.round(totalmem() / 1e9),
      loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
      node: process.versions.node,
      postgres: `${version?.value} (${settings.map(({ name, value }) => `${name} ${value}`).join(', ')})`,
    };
  } finally {
    await client.end();
  }
}
