import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { type OpenTestDatabase, openTestDatabase } from '../../../../test/support/database.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createPostgresBus } from '../../src/nodes/postgres-bus.ts';
import { describeHints } from './hints.ts';

let database: OpenTestDatabase;
beforeAll(async () => {
  database = await openTestDatabase('postgres');
});
afterAll(() => database.drop());

describeHints('PostgreSQL', () => ({
  async node() {
    const { db, url } = database;
    const log = pino({ level: 'silent' });
    const bus = createPostgresBus({ db, url, clock: systemClock, log, pingMs: 500 });
    await bus.start();
    return bus;
  },
  async cut() {
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'piculus hints' AND datname = current_database()`.execute(database.db);
  },
}));
