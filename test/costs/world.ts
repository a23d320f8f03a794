/**
 * The server's rooms on a PostgreSQL of their own, where nobody else writes, and what they cost it: round trips,
 * statements, rows that are written, bytes of its log. Nothing of it depends on how busy the machine is.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { pino } from 'pino';
import { contextOf } from '../../packages/server/src/base/context.ts';
import { systemClock } from '../../packages/server/src/base/clock.ts';
import type { Context } from '../../packages/server/src/base/services.ts';
import { createWake } from '../../packages/server/src/base/wake.ts';
import { openDatabase } from '../../packages/server/src/store/database.ts';
import { openPool } from '../../packages/server/src/store/pool.ts';
import { Postgres } from '../chaos/src/postgres.ts';
import { prepareAsConfigured } from '../support/approval-policy.ts';

const DATABASE = 'costs';

/** What some work cost the database, all in all. */
export interface Costs {
  /** Waits of the server for an answer: what is sent together is waited for once. */
  readonly roundTrips: number;
  readonly statements: number;
  /** Rows that were inserted, updated or deleted, in all tables. */
  readonly rowTouches: number;
  /** Updates that no index had to be told of, of all updates in the table of problems. */
  readonly hotShare: number;
  readonly walBytes: number;
}

export interface CostWorld {
  readonly context: Context;
  /** Runs SQL beside the server, uncounted. */
  sql(statement: string): Promise<void>;
  costsOf(work: () => Promise<void>): Promise<Costs>;
  close(): Promise<void>;
}

export async function openCostWorld(): Promise<CostWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'piculus-costs-'));
  const postgres = await Postgres.make({ folder, log: join(folder, 'log'), diskMb: null });
  const counted = { roundTrips: 0, statements: 0 };
  try {
    await leaveToItself(postgres);
    await postgres.createDatabase(DATABASE);
    await prepareAsConfigured(postgres.urlOf(DATABASE));
  } catch (error) {
    await postgres.remove();
    throw error;
  }
  const pool = openPool({ url: postgres.urlOf(DATABASE) });
  pool.on('connect', (client) => count(client, counted));
  const db = openDatabase(pool);
  const admin = await postgres.admin(DATABASE);
  const context = contextOf({
    db,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    nodeId: 'node-1',
    events: { publish: () => {} },
    wake: createWake(systemClock),
  });
  return {
    context,
    sql: async (statement) => {
      await admin.query(statement);
    },
    async costsOf(work) {
      await told(pool, admin);
      const before = { ...(await readWritten(admin)), ...counted };
      await work();
      const { roundTrips, statements } = counted;
      await told(pool, admin);
      const after = await readWritten(admin);
      const updates = after.updates - before.updates;
      return {
        roundTrips: roundTrips - before.roundTrips,
        statements: statements - before.statements,
        rowTouches: after.rows - before.rows,
        hotShare: updates === 0 ? 1 : (after.hot - before.hot) / updates,
        walBytes: after.walBytes - before.walBytes,
      };
    },
    async close() {
      await admin.end();
      await db.destroy();
      await postgres.remove();
    },
  };
}

/** Nothing is written to the log but what the work itself writes. */
async function leaveToItself(postgres: Postgres): Promise<void> {
  const admin = await postgres.admin();
  try {
    for (const setting of ['autovacuum = off', 'full_page_writes = off', 'fsync = off'])
      await admin.query(`ALTER SYSTEM SET ${setting}`);
    await admin.query('SELECT pg_reload_conf()');
  } finally {
    await admin.end();
  }
}

function count(client: pg.PoolClient, counted: { roundTrips: number; statements: number }): void {
  const { query } = client;
  let underWay = 0;
  const ended = (): void => {
    underWay -= 1;
  };
  Object.defineProperty(client, 'query', {
    value: (...args: readonly unknown[]): unknown => {
      if (underWay === 0) counted.roundTrips += 1;
      const [statement] = args;
      const text = typeof statement === 'string' ? statement : '';
      if (!/^(begin|commit|rollback)/i.test(text)) counted.statements += 1;
      underWay += 1;
      const answer: unknown = Reflect.apply(query, client, args);
      Promise.resolve(answer).then(ended, ended);
      return answer;
    },
  });
}

/** Sessions tell what they did before they are gone. */
async function told(pool: pg.Pool, admin: pg.Client): Promise<void> {
  const clients = await Promise.all(Array.from({ length: pool.totalCount }, () => pool.connect()));
  for (const client of clients) client.release(true);
  for (;;) {
    const { rows } = await admin.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    if (rows.length === 0) return;
  }
}

async function readWritten(admin: pg.Client) {
  const { rows } = await admin.query<{ rows: string; updates: string; hot: string; wal: string }>(`
    SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) AS rows,
      sum(n_tup_upd) FILTER (WHERE relname = 'problems') AS updates,
      sum(n_tup_hot_upd) FILTER (WHERE relname = 'problems') AS hot,
      pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS wal
    FROM pg_stat_user_tables`);
  const figure = (value: string | undefined): number => Number(value ?? 0);
  const [found] = rows;
  return {
    rows: figure(found?.rows),
    updates: figure(found?.updates),
    hot: figure(found?.hot),
    walBytes: figure(found?.wal),
  };
}
