/** Brings the whole demo up, in order, and down again. */
import { join } from 'node:path';
import { type Children, fromRoot } from './children.ts';
import { closeDatabases, type DemoDatabases, openDatabases } from './databases.ts';
import { DemoError } from './demo-error.ts';
import { type Fingerprints, fingerprint } from './check.ts';
import type { DemoOptions, SystemCode } from './options.ts';
import { anyFreePort, freePort } from './ports.ts';
import type { Progress } from './progress.ts';
import { registerSystem } from './registration.ts';
import { type DemoServer, joinServer, startServer } from './server.ts';
import { bookSystem, type DemoSystem, planSystem } from './system.ts';

/** Two of each, on one database, so that a take-over can be seen. */
export const CLIENTS_PER_SYSTEM = 2;

export interface StageOptions {
  readonly options: DemoOptions;
  readonly children: Children;
  readonly progress: Progress;
  /** For the server's secret, credentials, and databases that are to be kept. */
  readonly folder: string;
  /** Databases in memory. */
  readonly temporary: boolean;
}

export interface StagedSystem extends DemoSystem {
  /** Every order's rows as they were before anything was repaired. */
  readonly before: Fingerprints;
  /** Its front door, where new orders are placed. */
  readonly frontDoor: string;
}

export interface Stage {
  readonly server: DemoServer;
  readonly systems: readonly StagedSystem[];
  readonly resumed: boolean;
  close(): Promise<void>;
}

export async function setStage(stage: StageOptions): Promise<Stage> {
  const { options, children, progress, folder, temporary } = stage;
  const plans = await Promise.all(options.systems.map((sysCode) => planSystem(options, sysCode)));
  progress.say('starting the databases');
  const databases = await openDatabases(options, children, temporary ? null : folder);
  try {
    // The books and the server do not need each other yet.
    const [systems, server] = await Promise.all([
      bookAll(stage, plans, databases),
      startDemoServer(stage, databases),
    ]);
    const staged: StagedSystem[] = [];
    for (const system of systems) staged.push(await startSystem(stage, server, system));
    return {
      server,
      systems: staged,
      resumed: systems.some(({ resumed }) => resumed),
      close: () => closeDatabases(databases),
    };
  } catch (error) {
    await closeDatabases(databases);
    throw error;
  }
}

async function bookAll(
  { options, progress }: StageOptions,
  plans: ReadonlyArray<Awaited<ReturnType<typeof planSystem>>>,
  databases: DemoDatabases,
): Promise<DemoSystem[]> {
  const systems: DemoSystem[] = [];
  for (const [index, sysCode] of options.systems.entries()) {
    const plan = plans[index];
    if (plan === undefined) throw new DemoError(`no plan for ${sysCode}`);
    const system = await bookSystem(sysCode, databases, plan);
    progress.say(
      system.resumed
        ? `${sysCode}: goes on with its books from the last time`
        : `${sysCode}: ${system.plan.orders.length} orders booked, ${options.anomalies} of each of the ten rows broken`,
    );
    systems.push(system);
  }
  return systems;
}

async function startDemoServer(stage: StageOptions, databases: DemoDatabases): Promise<DemoServer> {
  const { options, children, progress, folder } = stage;
  if (options.join != null) return joinServer(options.join, folder);
  const database = databases.get('piculus');
  if (database === undefined) throw new DemoError('the server has no database');
  const port = options.port === 0 ? await anyFreePort() : await freePort(options.port);
  if (options.port !== 0 && port !== options.port)
    progress.say(`port ${options.port} is taken; the server listens on ${port} instead`);
  progress.say('starting the server');
  return startServer({ databaseUrl: database.url, port, folder }, children);
}

/** The bank, and the processes of the system, connected to the server. */
async function startSystem(
  stage: StageOptions,
  server: DemoServer,
  system: DemoSystem,
): Promise<StagedSystem> {
  const { options, children, progress } = stage;
  const { sysCode } = system;
  const before = await fingerprint(system.pool, system.bankPool);
  const systemKey = await registerSystem(server, sysCode, options);
  const { items: keys } = await server.api.listServerKeys();
  const serverKeys = keys.map(({ publicKey }) => publicKey).join(',');
  const port = await anyFreePort();
  const frontDoor = `http://127.0.0.1:${port}`;
  const bank = await children.start({
    name: `bank-of-${sysCode.toLowerCase()}`,
    script: fromRoot('examples/pbap/dist/bank/main.js'),
    env: {
      BANK_DATABASE_URL: system.bankUrl,
      // Not any free one at each start: a bank that is started again must be where the system looks for it.
      BANK_PORT: String(await anyFreePort()),
      BANK_PROFILE: options.profile,
      BANK_SEED: String(options.seed),
      BANK_CALLBACK_URL: `${frontDoor}/bank/callback`,
    },
  });
  if (typeof bank.url !== 'string') throw new DemoError(`the bank of ${sysCode} did not say where it is`);
  for (let instance = 1; instance <= CLIENTS_PER_SYSTEM; instance++) {
    await children.start(
      clientProgram(system, instance, {
        serverUrl: options.clientUrl ?? server.url,
        systemKey,
        serverKeys,
        bankUrl: bank.url,
        port,
        nats: options.nats ?? null,
      }),
    );
  }
  progress.say(`${sysCode}: bank and ${CLIENTS_PER_SYSTEM} clients started`);
  return { ...system, before, frontDoor };
}

function clientProgram(
  system: DemoSystem,
  instance: number,
  link: {
    readonly serverUrl: string;
    readonly systemKey: string;
    readonly serverKeys: string;
    readonly bankUrl: string;
    readonly port: number;
    readonly nats: { readonly url: string; readonly folder: string } | null;
  },
) {
  const sysCode: SystemCode = system.sysCode;
  const first = instance === 1;
  return {
    name: `${sysCode.toLowerCase()}-${instance}`,
    script: fromRoot('examples/pbap/dist/pbap/main.js'),
    env: {
      PICULUS_URL: link.serverUrl,
      PICULUS_SYSTEM_KEY: link.systemKey,
      PICULUS_SERVER_KEYS: link.serverKeys,
      SYS_CODE: sysCode,
      PBAP_INSTANCE: String(instance),
      PBAP_DATABASE_URL: system.databaseUrl,
      BANK_URL: link.bankUrl,
      ...(link.nats === null
        ? {}
        : {
            PICULUS_NATS_URL: link.nats.url,
            PICULUS_NATS_NKEY_FILE: join(link.nats.folder, `${sysCode}.nkey`),
          }),
      // One of them is the front door: new orders, callbacks, sender, timeout job.
      PBAP_NORMAL_PATH: first ? 'yes' : 'no',
      PBAP_HTTP_PORT: first ? String(link.port) : '0',
    },
  };
}
