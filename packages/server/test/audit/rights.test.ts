/** A server whose database role owns nothing: it works, and cannot change what is recorded. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contextOf } from '../../src/base/context.ts';
import { prepareSchema } from '../../src/schema.ts';
import { createCleaner } from '../../src/dispatch/cleaner.ts';
import { createChainWriter } from '../../src/audit/chain-writer.ts';
import { APPEND_ONLY, isAppendOnly } from '../../src/store/rights.ts';
import { sqlState } from '../../src/store/availability.ts';
import { readLastBlock } from '../../src/store/chain.ts';
import { messagePartitions } from '../../src/store/retention.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openPool } from '../../src/store/pool.ts';
import { startTestServer, type TestServer } from '../server/support.ts';
import { testClock, START } from '../collections/world.ts';
import { newKey } from './rows.ts';
import { createLogger } from '../../src/base/logger.ts';

const ROLE = `piculus_app_${randomBytes(6).toString('hex')}`;
const PASSWORD = randomBytes(12).toString('hex');

describe('a role that owns nothing', () => {
  let test: TestServer;
  let ownerUrl = '';
  let appUrl = '';
  const asOwner = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: ownerUrl });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    const change: { migrationDatabaseUrl: string | null } = { migrationDatabaseUrl: null };
    test = await startTestServer(change, async (url) => {
      ownerUrl = url;
      await asOwner(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`);
      const own = new URL(url);
      own.username = ROLE;
      own.password = PASSWORD;
      appUrl = own.href;
      change.migrationDatabaseUrl = url;
      return appUrl;
    });
  });
  afterAll(async () => {
    // Its rights go with the database, and then it can go itself.
    const home = new URL(ownerUrl);
    await test.stop();
    home.pathname = '/postgres';
    ownerUrl = home.href;
    await asOwner(`DROP ROLE ${ROLE}`);
  });

  it('lets the server work, and say so', async () => {
    await test.api.createSystem({
      body: {
        sysCode: 'PBAP',
        name: 'x',
        collectCron: null,
        collectTimeZone: 'UTC',
        collectWindowMs: 86_400_000,
      },
    });
    expect((await test.api.getAuditChain({})).appendOnly).toBe(true);
    const db = openDatabase(openPool({ url: appUrl, connectionsMax: 2 }));
    const owner = openDatabase(openPool({ url: ownerUrl, connectionsMax: 1 }));
    try {
      expect([await isAppendOnly(db), await isAppendOnly(owner)]).toEqual([true, false]);
      // Nothing to do: it needs no right to look.
      expect((await prepareSchema(db, { migrationDatabaseUrl: null })).applied).toEqual([]);
      const clock = testClock();
      const context = contextOf({
        db,
        clock,
        log: createLogger('silent'),
        nodeId: 'n',
        events: { publish: () => {} },
        wake: { notify: () => {}, wait: async () => {} },
      });
      const day = (days: number): string =>
        new Date(START.getTime() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
      clock.advance(10 * 86_400_000);
      const cleaner = createCleaner(context, { messageDays: 1, partitionDaysAhead: 2 });
      await cleaner.runOnce();
      expect(await messagePartitions(db)).toContain(`messages_${day(12)}`);
      clock.advance(40 * 86_400_000);
      await cleaner.runOnce();
      expect(await messagePartitions(db)).not.toContain(`messages_${day(12)}`);
      const writer = createChainWriter(context, { key: newKey(), sinks: [] });
      while ((await readLastBlock(db)) === null) await writer.runOnce();
    } finally {
      await db.destroy();
      await owner.destroy();
    }
  });

  it('can add to the records and not change, delete or empty them, nor make itself able to', async () => {
    const client = new pg.Client({ connectionString: appUrl });
    await client.connect();
    const refused = (statement: string): Promise<string | null> =>
      client.query(statement).then(
        () => null,
        (error: unknown) => sqlState(error) ?? 'unknown',
      );
    try {
      for (const table of APPEND_ONLY) {
        const { rows } = await client.query<{ name: string }>(
          `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 2`,
          [`piculus.${table}`],
        );
        const column = rows[0]?.name ?? '';
        expect(await refused(`UPDATE piculus.${table} SET ${column} = ${column}`), table).toBe('42501');
        expect(await refused(`DELETE FROM piculus.${table}`), table).toBe('42501');
        expect(await refused(`TRUNCATE piculus.${table} CASCADE`), table).toBe('42501');
        expect(await refused(`ALTER TABLE piculus.${table} DISABLE TRIGGER ALL`), table).toBe('42501');
        expect(await refused(`DROP TABLE piculus.${table} CASCADE`), table).toBe('42501');
      }
      expect(await refused(`UPDATE piculus.migrations SET checksum = ''`)).toBe('42501');
      // Without an option to grant this gives nothing, with a warning only.
      await refused(`GRANT UPDATE ON piculus.audit TO ${ROLE}`);
      expect(await refused(`UPDATE piculus.audit SET act = act`)).toBe('42501');
      expect(
        await refused(`CREATE OR REPLACE FUNCTION piculus.take_transaction_id() RETURNS trigger
        LANGUAGE sql AS 'SELECT NULL'`),
      ).toBe('42501');
      expect(await refused(`INSERT INTO piculus.audit (at, actor, act) VALUES (now(), 'x', 'x')`)).toBe(null);
    } finally {
      await client.end();
    }
  });
});
