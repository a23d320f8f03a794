/** The demo's own processes on three fresh PostgreSQL databases, for tests that kill them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Children, type Program } from '../../examples/pbap/src/demo/children.ts';
import type { DemoOptions } from '../../examples/pbap/src/demo/options.ts';
import { type Stage, type StagedSystem, setStage } from '../../examples/pbap/src/demo/stage.ts';
import { createTestDatabase } from '../support/database.ts';
import { type Changes, watchChanges } from './changes.ts';

export interface WorldOptions {
  readonly orders: number;
  readonly anomalies: number;
  readonly seed: number;
  /** Added to the environment of the process of that name. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface World {
  readonly stage: Stage;
  readonly system: StagedSystem;
  readonly changes: Changes;
  readonly children: Children;
  /** The server's own database, read past the server. */
  readonly serverDb: pg.Pool;
  /** Where the logs of the processes are; it stays where the test failed. */
  readonly folder: string;
  stop(keepLogs: boolean): Promise<void>;
}

const WATCHED = {
  piculus: ['clients', 'problems', 'leases', 'executions', 'reports', 'collect_commands'],
  pbap: ['orders', 'postings', 'outbox', 'repair_decisions', 'bank_proofs', 'statement_watermark'],
  piculus_client: ['commands', 'effects'],
  bank: ['requests', 'movements'],
} as const;
const tablesOf = (schema: keyof typeof WATCHED): string[] =>
  WATCHED[schema].map((table) => `${schema}.${table}`);

/** The demo's processes, with the settings of this test. */
class SetChildren extends Children {
  readonly #settings: WorldOptions['settings'];

  constructor(folder: string, settings: WorldOptions['settings']) {
    super(folder);
    this.#settings = settings;
  }

  override start(program: Program) {
    return super.start({ ...program, env: { ...program.env, ...this.#settings[program.name] } });
  }
}

export async function makeWorld(options: WorldOptions): Promise<World> {
  const databases = await Promise.all([createTestDatabase(), createTestDatabase(), createTestDatabase()]);
  const [piculus, pbap, bank] = databases.map(({ url }) => url);
  const folder = await mkdtemp(join(tmpdir(), 'piculus-chaos-'));
  const children = new SetChildren(join(folder, 'logs'), options.settings);
  const demo: DemoOptions = {
    once: true,
    json: false,
    transactions: null,
    orders: options.orders,
    anomalies: options.anomalies,
    seed: options.seed,
    profile: 'honest',
    manual: false,
    fresh: false,
    folder: null,
    yes: false,
    port: 20_000 + Math.floor((process.pid * 7) % 10_000),
    systems: ['PBAP'],
    databaseUrls: {
      piculus: piculus ?? null,
      pbap: pbap ?? null,
      bank: bank ?? null,
      pbms: null,
      'pbms-bank': null,
    },
  };
  const progress = { say: () => {}, step: () => {}, end: () => {} };
  const closing: Array<() => Promise<unknown>> = [
    () => Promise.all(databases.map((database) => database.drop())),
    () => children.stop(),
  ];
  const stop = async (keepLogs: boolean): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
    if (!keepLogs) await rm(folder, { recursive: true, force: true });
  };
  try {
    const stage = await setStage({ options: demo, children, progress, folder, temporary: true });
    closing.push(() => stage.close());
    const changes = await watchChanges([
      { url: piculus ?? '', tables: tablesOf('piculus') },
      { url: pbap ?? '', tables: [...tablesOf('pbap'), ...tablesOf('piculus_client')] },
      { url: bank ?? '', tables: tablesOf('bank') },
    ]);
    closing.push(() => changes.stop());
    const serverDb = new pg.Pool({ connectionString: piculus, max: 2 });
    closing.push(() => serverDb.end());
    const [system] = stage.systems;
    if (system === undefined) throw new Error('no system on the stage');
    return { stage, system, changes, children, serverDb, folder, stop };
  } catch (error) {
    await stop(true);
    throw error;
  }
}
