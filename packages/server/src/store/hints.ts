/**
 * Hints between nodes over the database's own notifications. The one place that listens: it needs a connection of its
 * own that lasts, which neither the embedded database nor a pooler between has. What is told here is stored elsewhere.
 */
import { sql } from 'kysely';
import pg from 'pg';
import type { Clock } from '../base/clock.ts';
import type { Executor } from './database.ts';

const CHANNEL = 'piculus';
const CONNECT_MS_MAX = 5_000;
/** A database that is cut off answers nothing; whoever listens then tries again. */
const LISTEN_MS_MAX = 5_000;
const END_MS_MAX = 2_000;

/** Tells everybody who listens. @param text at most 200 bytes. */
export async function sendHint(db: Executor, text: string): Promise<void> {
  await sql`SELECT pg_notify(${CHANNEL}, ${text})`.execute(db);
}

export interface HintConnection {
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** @throws Error where the database cannot be reached. */
export async function listenForHints(
  url: string,
  clock: Clock,
  told: (text: string) => void,
): Promise<HintConnection> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'piculus hints',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    query_timeout: LISTEN_MS_MAX,
  });
  const ended = new Promise<void>((settle) => {
    client.once('end', () => settle());
    // A connection that breaks says so before it ends, and without a listener that ends the process.
    client.on('error', () => settle());
  });
  client.on('notification', ({ payload }) => told(payload ?? ''));
  try {
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
  } catch (error) {
    await close(client, clock);
    throw error;
  }
  return { ended, close: () => close(client, clock) };
}

/** A socket whose other end is gone never says goodbye, so that it is not waited for. */
async function close(client: pg.Client, clock: Clock): Promise<void> {
  const closed = new AbortController();
  const late = clock.sleep(END_MS_MAX, closed.signal);
  await Promise.race([client.end().catch(() => {}), late]);
  closed.abort();
}
