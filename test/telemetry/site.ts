/** A server whose figures are read, with a database that can be cut off. */
import pg from 'pg';
import { type DatabaseProxy, startProxy } from '../../packages/server/test/server/proxy.ts';
import { startTestServer, type TestServer } from '../../packages/server/test/server/support.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

export interface Site extends TestServer {
  readonly nats: TestNats;
  readonly proxy: DatabaseProxy;
  /** A connection of the test's own, past the proxy. */
  readonly sql: pg.Client;
  scrape(): Promise<string>;
}

export const LEASE_MS = 1_500;

export async function openSite(): Promise<Site> {
  const opened: { proxy?: DatabaseProxy; url?: string } = {};
  const nats = await startTestNats({ systems: ['PBAP'] });
  const server = await startTestServer(
    {
      leaseMs: LEASE_MS,
      telemetry: { metricsPort: 0, metricsHost: '127.0.0.1', stateCacheMs: 0, otlpUrl: null },
      nats: nats.config,
    },
    async (url) => {
      opened.url = url;
      opened.proxy = await startProxy(url);
      return opened.proxy.url;
    },
  );
  const { proxy, url } = opened;
  if (proxy === undefined || url === undefined) throw new Error('there is no proxy');
  const sql = new pg.Client({ connectionString: url });
  await sql.connect();
  return {
    ...server,
    nats,
    proxy,
    sql,
    scrape: async () => {
      const response = await fetch(server.server.metricsAddress);
      if (response.status !== 200) throw new Error(`a scrape was answered with ${response.status}`);
      return response.text();
    },
    stop: async () => {
      proxy.mend();
      await sql.end();
      await server.stop();
      await nats.stop();
      proxy.close();
    },
  };
}

/** The highest value, without its sign, of each metric of the table over all its series, a histogram by its count. */
export function highest(scrape: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of scrape.split('\n')) {
    const found = /^(piculus_\w+?)(?:_count)?(?:\{.*\})? ([^ ]+)$/.exec(line);
    if (found?.[1] === undefined || /_(bucket|sum)$/.test(found[1])) continue;
    values.set(
      found[1],
      Math.max(values.get(found[1]) ?? Number.NEGATIVE_INFINITY, Math.abs(Number(found[2]))),
    );
  }
  return values;
}
