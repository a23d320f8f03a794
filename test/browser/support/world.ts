/** The built server with a production system, its bank and its clients: processes of their own on fresh databases. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient, Collection } from '@piculus/protocol/http';
import { Children } from '../../../examples/pbap/src/demo/children.ts';
import { type Stage, setStage } from '../../../examples/pbap/src/demo/stage.ts';
import { type Changes, watchChanges } from '../../chaos/changes.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createPerson } from '../../support/people.ts';
import type { Account } from './site.ts';

export interface WorldOptions {
  readonly orders?: number;
  /** Of each of the ten scenarios. */
  readonly anomalies?: number;
  /**
   * How the system's eight solutions begin: executed by a click only, which leaves everything to the test; or not
   * there yet; or automatic, every two seconds.
   */
  readonly solutions?: 'manual' | 'none' | 'automatic';
}

export interface World {
  readonly address: string;
  /** Signed in as somebody else than the operator. */
  readonly api: ApiClient;
  readonly operator: Account;
  readonly stage: Stage;
  readonly children: Children;
  /** Tells of every commit on the server's database. */
  readonly changes: Changes;
  /** Runs a collect broadcast to its end. */
  collect(sysCodes: readonly string[]): Promise<Collection>;
  stop(): Promise<void>;
}

const WATCHED = [
  'clients',
  'collect_commands',
  'executions',
  'leases',
  'problems',
  'reports',
  'run_requests',
].map((table) => `piculus.${table}`);
export const WITHIN_MS = 60_000;

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const closing: Array<() => Promise<unknown>> = [];
  const stop = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const databases = await Promise.all([createTestDatabase(), createTestDatabase(), createTestDatabase()]);
    closing.push(() => Promise.all(databases.map((database) => database.drop())));
    const [piculus = '', pbap = '', bank = ''] = databases.map(({ url }) => url);
    const folder = await mkdtemp(join(tmpdir(), 'piculus-browser-'));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const children = new Children(join(folder, 'logs'));
    closing.push(() => children.stop());
    const stage = await setStage({
      options: demoOptions(options, { piculus, pbap, bank }),
      children,
      progress: { say: () => {}, step: () => {}, end: () => {} },
      folder,
      temporary: true,
    });
    closing.push(() => stage.close());
    const { api } = stage.server;
    await setSolutions(api, options.solutions ?? 'manual');
    const changes = await watchChanges([{ url: piculus, tables: WATCHED }]);
    closing.push(() => changes.stop());
    const operator = { username: 'operator', password: randomBytes(15).toString('base64url') };
    await createPerson(api, stage.server.url, { ...operator, name: 'Operator' });
    await changes.until('the clients connect', WITHIN_MS, async () => {
      const { items } = await api.listClients();
      return items.filter(({ connected }) => connected).length === 2;
    });
    return {
      address: stage.server.url,
      api,
      operator,
      stage,
      children,
      changes,
      collect: (sysCodes) => collect(api, changes, sysCodes),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function demoOptions(options: WorldOptions, urls: { piculus: string; pbap: string; bank: string }) {
  return {
    once: true,
    json: false,
    transactions: null,
    orders: options.orders ?? 300,
    anomalies: options.anomalies ?? 4,
    seed: 1,
    profile: 'honest',
    manual: false,
    fresh: false,
    folder: null,
    yes: false,
    port: 0,
    systems: ['PBAP'],
    databaseUrls: { ...urls, pbms: null, 'pbms-bank': null },
  } as const;
}

async function setSolutions(api: ApiClient, wanted: NonNullable<WorldOptions['solutions']>): Promise<void> {
  if (wanted === 'automatic') return;
  for (const { id } of (await api.listSolutions()).items) {
    if (wanted === 'none') await api.deleteSolution({ params: { id } });
    else await api.changeSolution({ params: { id }, body: { executionMode: 'manual' } });
  }
}

async function collect(api: ApiClient, changes: Changes, sysCodes: readonly string[]): Promise<Collection> {
  const started = await api.startCollection({ body: { sysCodes: [...sysCodes] } });
  let now = started;
  await changes.until('the collection ends', WITHIN_MS, async () => {
    now = await api.getCollection({ params: { id: started.id } });
    return now.state !== 'waiting' && now.state !== 'running';
  });
  return now;
}
