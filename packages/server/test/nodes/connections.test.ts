/** How many sessions of the database nodes take: what is set, and one for the hints between them. */
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { startNodes, type TestNodes, until } from './support.ts';

const CONNECTIONS = 2;
/** Of each node, for hints. */
const BESIDE = 1;

let test: TestNodes;
let own: pg.Client;
beforeAll(async () => {
  const { databaseConnections } = loadConfig({ PICULUS_DATABASE_CONNECTIONS: String(CONNECTIONS) });
  test = await startNodes({ change: { databaseConnections } });
  own = new pg.Client({ connectionString: test.databaseUrl, application_name: 'the test itself' });
  await own.connect();
});
afterAll(async () => {
  await own.end();
  await test.stop();
});

async function sessions(): Promise<number> {
  const { rows } = await own.query(
    `SELECT count(*)::int AS sessions FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'piculus%'`,
  );
  return rows[0].sessions;
}

it('nodes under load take what is set and no more', async () => {
  const most = test.nodes.length * (CONNECTIONS + BESIDE);
  const seen: number[] = [];
  let asking = true;
  const watched = (async () => {
    while (asking) seen.push(await sessions());
  })();
  const asked = test.nodes.flatMap(({ api }) => Array.from({ length: 60 }, () => api.listProblems()));
  await Promise.all(asked);
  await until(() => seen.length > 3);
  asking = false;
  await watched;
  expect(Math.max(...seen)).toBe(most);
});

it('has a default, and limits', () => {
  expect(loadConfig({}).databaseConnections).toBe(6);
  for (const wrong of ['1', '101', 'many'])
    expect(() => loadConfig({ PICULUS_DATABASE_CONNECTIONS: wrong })).toThrow(ConfigError);
});
