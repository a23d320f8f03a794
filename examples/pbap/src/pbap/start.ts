/** Puts one process of PBAP together: pool, schema, normal path, Piculus client; and takes it apart again. */
import { type Client, createClient, type Logger, postgresJournal } from '@piculus/client';
import { natsTransport } from '@piculus/client/nats';
import { openTelemetryTracing } from '@piculus/client/opentelemetry';
import { paymentRepairs } from '@piculus/repairs';
import type pg from 'pg';
import { type Clock, systemClock } from '../shared/clock.ts';
import { createPool } from '../shared/database.ts';
import { type Log, reasonOf, silentLog } from '../shared/log.ts';
import { type Loop, startLoop } from '../shared/loop.ts';
import { type BankClient, createBankClient } from './bank-client.ts';
import type { PbapConfig } from './config.ts';
import { CALLBACK_PATH, createPbapHttp } from './http.ts';
import { migratePbap } from './migrate.ts';
import { createPaymentSystem } from './payment-system.ts';
import { sendQueued } from './sender.ts';
import { askAboutInFlight } from './timeout-job.ts';

export const PBAP_VERSION = '0.1.0';
const SENDER_IDLE_MS = 1_000;
const TIMEOUT_JOB_IDLE_MS = 10_000;
const ASK_FROM_AGE_MS = 30_000;
/** Beyond this the timeout job gives up and collect and repair take over. */
const ASK_TO_AGE_MS = 10 * 60_000;

export interface RunningPbap {
  /** Where callbacks and new orders arrive; null where this process does not run the normal path. */
  readonly url: string | null;
  readonly client: Client | null;
  stop(): Promise<void>;
}

interface Parts {
  readonly pool: pg.Pool;
  readonly bank: BankClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** @throws ForeignSchemaError, or the error of a database or port that cannot be had. */
export async function startPbap(
  config: PbapConfig,
  { clock = systemClock, log = silentLog }: { readonly clock?: Clock; readonly log?: Log } = {},
): Promise<RunningPbap> {
  const pool = createPool({
    url: config.databaseUrl,
    size: config.poolSize,
    name: `piculus-example-pbap-${config.instance}`,
    onIdleError: (error) => log.warn('an idle connection broke', { reason: reasonOf(error) }),
  });
  const bank = createBankClient({
    url: config.bankUrl,
    timeoutMs: config.bankTimeoutMs,
    now: () => clock.now(),
  });
  const parts: Parts = { pool, bank, clock, log };
  const stops: Array<() => Promise<void>> = [() => pool.end()];
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    await migratePbap(pool);
    const normalPath = config.normalPath ? await startNormalPath(parts, config) : null;
    if (normalPath) stops.push(normalPath.stop);
    const client = config.piculus === null ? null : await startClient(parts, config, config.piculus);
    if (client) stops.push(() => client.stop());
    return { url: normalPath?.url ?? null, client, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startNormalPath(
  parts: Parts,
  config: PbapConfig,
): Promise<{ url: string; stop(): Promise<void> }> {
  const { pool, bank, clock, log } = parts;
  const stopping = new AbortController();
  let sender: Loop | null = null;
  const app = createPbapHttp({ ...parts, stopping: stopping.signal, onPlaced: () => sender?.wake() });
  const url = await app.listen({ host: config.httpHost, port: config.httpPort });
  const callbackUrl = `${url}${CALLBACK_PATH}`;
  sender = startLoop({
    name: 'sender',
    clock,
    log,
    idleMs: SENDER_IDLE_MS,
    round: async (signal) => ((await sendQueued({ pool, bank, clock, callbackUrl }, signal)) > 0 ? 0 : null),
  });
  const timeoutJob = startLoop({
    name: 'timeout-job',
    clock,
    log,
    idleMs: TIMEOUT_JOB_IDLE_MS,
    round: async (signal) => {
      await askAboutInFlight(
        { pool, bank, clock, fromAgeMs: ASK_FROM_AGE_MS, toAgeMs: ASK_TO_AGE_MS },
        signal,
      );
      return null;
    },
  });
  return {
    url,
    stop: async () => {
      stopping.abort();
      await app.close();
      await Promise.all([sender?.stop(), timeoutJob.stop()]);
    },
  };
}

async function startClient(
  parts: Parts,
  config: PbapConfig,
  piculus: NonNullable<PbapConfig['piculus']>,
): Promise<Client> {
  const { pool, log } = parts;
  const journal = postgresJournal({ pool });
  await journal.migrate();
  const client = createClient({
    ...piculus,
    ...(config.nats === null
      ? {}
      : {
          transport: natsTransport({
            servers: config.nats.servers,
            systemKey: piculus.systemKey,
            login: config.nats.login,
          }),
        }),
    application: { name: `${config.sysCode}-${config.instance}`, version: PBAP_VERSION },
    fixes: paymentRepairs(
      createPaymentSystem({ ...parts, notFoundWindowMs: config.bankNotFoundWindowMs }),
      config.policy,
    ),
    journal,
    tracing: openTelemetryTracing(),
    places: config.places,
    personal: ['order.counterparty', 'order.currentCounterparty'],
    logger: asClientLogger(log),
  });
  client.on((event) => {
    if (event.type === 'state') log.info('client', { state: event.state, detail: event.detail });
    if (event.type === 'welcome' && event.sysCode !== config.sysCode) {
      log.error('the key belongs to another system', { expected: config.sysCode, got: event.sysCode });
    }
  });
  client.start();
  return client;
}

function asClientLogger(log: Log): Logger {
  return {
    debug: () => {},
    info: (fields, text) => log.info(text, { ...fields }),
    warn: (fields, text) => log.warn(text, { ...fields }),
    error: (fields, text) => log.error(text, { ...fields }),
  };
}
