/**
 * The two commands of docs/operating.md, as a person types them: two nodes and NATS come up, clients over NATS repair
 * what is broken, a node dies and the other goes on, all stops, and the next start goes on.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ApiClient, createApiClient, signIn } from '@piculus/protocol/http';
import pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Below those that other tests choose among, and that outgoing connections take. */
const PORT = 14_450;
const METRICS_PORT = 14_460;
const PATIENCE = { timeout: 180_000, interval: 200 };
const MARK = '<!-- run by: test/deploy/cluster.test.ts -->\n```sh\n';

/** In the order of the page. */
function documented(): string[] {
  const page = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8');
  return page
    .split(MARK)
    .slice(1)
    .map((rest) => rest.slice(0, rest.indexOf('\n```')));
}
const [START_NODES = '', START_CLIENTS = '', ...others] = documented();

const placesSchema = z.object({
  url: z.string(),
  adminPasswordFile: z.string(),
  databases: z.object({ piculus: z.string(), pbap: z.string() }),
  nodes: z.array(z.object({ name: z.string(), pid: z.number(), metricsPort: z.number() })).length(2),
});

interface Running {
  readonly lines: readonly string[];
  /** As Ctrl-C does; resolves when all that it started is gone. npm ends by the signal, so its code says nothing. */
  stop(): Promise<void>;
}

let folder = '';
const started = new Set<ChildProcess>();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'piculus-cluster-'));
  // The database runs under another user where this one is root.
  chmodSync(folder, 0o755);
});
afterAll(async () => {
  // What a failed test left running.
  await Promise.all([...started].map((child) => interrupt(child)));
  rmSync(folder, { recursive: true, force: true });
});

function interrupt(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // The terminal tells all of its foreground, the shell and npm among it.
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
  return ended;
}

/** Types a command of the page, with options behind it, and waits for a line that it says. */
function type(command: string, options: readonly string[], until: RegExp): Promise<Running> {
  const child = spawn('sh', ['-c', `exec ${command} -- ${options.join(' ')}`], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  started.add(child);
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      started.delete(child);
      reject(new Error(`${command} ended with ${code}:\n${lines.join('\n')}`));
    });
    createInterface(child.stderr).on('line', (line) => {
      lines.push(line);
      if (until.test(line)) resolve({ lines, stop: () => interrupt(child) });
    });
  });
}

const startNodes = (): Promise<Running> =>
  type(
    START_NODES,
    ['--folder', folder, '--port', String(PORT), '--metrics-port', String(METRICS_PORT)],
    /^Ctrl-C stops everything/,
  );

const places = () => placesSchema.parse(JSON.parse(readFileSync(join(folder, 'cluster.json'), 'utf8')));

async function rows(url: string, text: string, values: readonly unknown[] = []) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** @returns how many clients of the node came by NATS; there are no others. */
async function clientsAt({ metricsPort }: { metricsPort: number }): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const sample = (name: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1] ?? 0,
    );
  expect(sample('piculus_transport_ready{transport="nats"}')).toBe(1);
  expect(sample('piculus_nats_links')).toBe(sample('piculus_sessions{sys_code="PBAP"}'));
  return sample('piculus_nats_links');
}

async function fixedProblems(api: ApiClient): Promise<string[]> {
  const { items } = await api.listProblems({ query: { state: ['fixed'], limit: 200 } });
  return items.map(({ businessKey }) => businessKey);
}

/** Loses the credit of a recharge that was right so far. @returns its number. */
async function breakAnother(url: string): Promise<string> {
  const [broken] = await rows(
    url,
    `with chosen as (
       select p.order_no from pbap.postings p join pbap.orders o using (order_no)
       where o.type = 'recharge' and o.status = 'SUCCESS' and p.kind = 'credit'
         -- Old enough to count as broken.
         and o.created_at < now() - interval '1 hour' and not exists (
         select from pbap.postings r where r.order_no = p.order_no and r.kind <> 'credit')
       order by p.order_no limit 1
     ), gone as (
       delete from pbap.postings p using chosen where p.order_no = chosen.order_no
       returning p.order_no, p.credit_account, p.amount_minor
     )
     update pbap.accounts a set balance_minor = a.balance_minor - gone.amount_minor
     from gone where a.account_no = gone.credit_account returning gone.order_no as "orderNo"`,
  );
  return z.string().parse(broken?.orderNo);
}

it('the page has the two commands', () => {
  expect([START_NODES, START_CLIENTS]).toEqual(['npm run cluster', 'npm run cluster:clients']);
  expect(others).toEqual([]);
});

it('two nodes and NATS repair over NATS, and one goes on when the other dies', {
  timeout: 900_000,
}, async () => {
  const beginning = Date.now();
  const seconds = (since: number): string => `${((Date.now() - since) / 1_000).toFixed(1)} s`;
  const cluster = await startNodes();
  const up = seconds(beginning);
  const clients = await type(
    START_CLIENTS,
    ['--folder', folder, '--orders', '200', '--anomalies', '1'],
    /^ready: /,
  );
  const { url, adminPasswordFile, databases, nodes } = places();
  const password = readFileSync(adminPasswordFile, 'utf8').trim();
  const { token } = await signIn({ baseUrl: url }, { username: 'admin', password });
  const api = createApiClient({ baseUrl: url, token });
  await vi.waitFor(async () => expect((await fixedProblems(api)).length).toBeGreaterThan(7), PATIENCE);
  console.info(
    `up after ${up}; ${(await fixedProblems(api)).length} problems fixed ${seconds(beginning)} after the first command`,
  );

  // The one that has more clients, so that there is something to take over.
  const sessions = await Promise.all(nodes.map(clientsAt));
  expect(sessions.reduce((sum, count) => sum + count)).toBe(2);
  const [victim, survivor] = (sessions[0] ?? 0) >= (sessions[1] ?? 0) ? nodes : nodes.toReversed();
  if (victim === undefined || survivor === undefined) throw new Error('two nodes');
  const killed = Date.now();
  process.kill(victim.pid, 'SIGKILL');
  const next = await breakAnother(databases.pbap);
  const onward = createApiClient({ baseUrl: url, token });
  await vi.waitFor(() => onward.startCollection({ body: { sysCodes: ['PBAP'] } }), PATIENCE);
  await vi.waitFor(async () => expect(await fixedProblems(onward)).toContain(next), PATIENCE);
  // Printed and not asserted: another program may have had the processor.
  console.info(
    `${victim.name} with ${Math.max(...sessions)} clients killed; the next problem was repaired ${seconds(killed)} later (promised: within 20 s)`,
  );
  const claims = await rows(
    databases.piculus,
    'SELECT node_id, count(*)::int AS claims FROM piculus.leases GROUP BY node_id',
  );
  console.info('batches by node:', claims.map((row) => row.claims).join(', '));
  expect(claims.length).toBe(2);

  await clients.stop();
  expect(clients.lines.at(-1)).toBe('stopped');
  await cluster.stop();
  expect(cluster.lines.at(-1)).toBe('stopped');

  const again = await startNodes();
  const { items } = await createApiClient({ baseUrl: url, token }).listProblems({
    query: { state: ['fixed'], limit: 200 },
  });
  expect(items.map(({ businessKey }) => businessKey)).toContain(next);
  await again.stop();
  expect(again.lines.at(-1)).toBe('stopped');
  console.info(`all of it took ${seconds(beginning)}`);
});
