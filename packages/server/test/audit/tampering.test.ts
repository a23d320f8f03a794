/** Whatever is changed after it was written is found, and nothing else is. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChainReport } from '@piculus/protocol/http';
import { type OpenTestDatabase, openTestDatabase } from '../../../../test/support/database.ts';
import { SOURCES } from '../../src/audit/encoding.ts';
import { verifyChain } from '../../src/audit/verify.ts';
import { type Checkpoint, readLastBlock } from '../../src/store/chain.ts';
import { fieldsOf, NEWEST_FORMAT } from '../../src/store/chain-rows.ts';
import type { Tx } from '../../src/store/database.ts';
import {
  AT,
  checkpoint,
  insertActs,
  newKey,
  type Random,
  randomFrom,
  rewriteChain,
  writeChain,
} from './rows.ts';

const CHAINS = 5;
const PLACES_OF_EACH = 10;
const BLOCKS = 8;

let database: OpenTestDatabase;
beforeAll(async () => {
  database = await openTestDatabase('postgres', 2);
});
afterAll(() => database.drop());

const KEY = newKey();

class Undo extends Error {}

/** Runs in a transaction that is undone, so that every case begins with an empty database. */
async function undone<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
  const results: T[] = [];
  await database.db
    .transaction()
    .execute(async (tx) => {
      results.push(await work(tx));
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  const [result] = results;
  if (result === undefined) throw new Error('the work gave nothing');
  return result;
}

/** Likewise, within a transaction. */
async function undoneWithin<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  await sql`SAVEPOINT before_it`.execute(tx);
  const result = await work();
  await sql`ROLLBACK TO SAVEPOINT before_it`.execute(tx);
  return result;
}

const verify = (tx: Tx, given: readonly Checkpoint[] = []): Promise<ChainReport> =>
  verifyChain(tx, { at: AT, given, trustedKeys: [KEY.publicKey] });

interface Place {
  readonly source: string;
  readonly id: string;
  readonly block: string;
}

/** Any row that a block covers. */
async function anyRow(tx: Tx, random: Random, source?: string): Promise<Place> {
  const rows = await sql<Place>`
    SELECT source, unnest(ids)::text AS id, block::text FROM piculus.audit_block_rows
    WHERE ${source ?? null}::text IS NULL OR source = ${source ?? null} ORDER BY block, source, id`.execute(
    tx,
  );
  const row = rows.rows[random(rows.rows.length)];
  if (row === undefined) throw new Error('there is no row');
  return row;
}

const table = (name: string) => sql.table(`piculus.${name}`);
const inBlock = (random: Random, max: number): number => 1 + random(max);

interface Found {
  readonly report: ChainReport;
  /** What the first fault must be; null where any will do. */
  readonly first: Partial<ChainReport['faults'][number]> | null;
}

const EDITS: Readonly<Record<string, readonly string[]>> = {
  audit: [
    `actor = actor || 'x'`,
    `at = at + interval '1 microsecond'`,
    `detail = detail || '{"x":1}'`,
    `problem_id = coalesce(problem_id, 0) + 1`,
    `reason = CASE WHEN reason IS NULL THEN '' END`,
    `via = NULL`,
  ],
  reports: [`inserted = inserted + 1`, `changes = changes || '[1]'`, `client_id = client_id || ' '`],
  executions: [
    `outcome = 'failed'`,
    `moved_minor = moved_minor + 1`,
    `verified = NOT verified`,
    `facts = CASE WHEN facts IS NULL THEN '{}'::jsonb END`,
    `started_at = CASE WHEN started_at IS NULL THEN finished_at END`,
  ],
};

const KINDS: Readonly<Record<string, (tx: Tx, random: Random) => Promise<Found>>> = {
  async edit(tx, random) {
    const { source, id, block } = await anyRow(tx, random);
    const edits = EDITS[source] ?? [];
    const edit = edits[random(edits.length)] ?? '';
    await sql`UPDATE ${table(source)} SET ${sql.raw(edit)} WHERE id = ${id}`.execute(tx);
    return { report: await verify(tx), first: { kind: 'row-changed', block, id } };
  },
  async deletion(tx, random) {
    const { source, id, block } = await anyRow(tx, random);
    await sql`DELETE FROM ${table(source)} WHERE id = ${id}`.execute(tx);
    return { report: await verify(tx), first: { kind: 'row-missing', block, id } };
  },
  async insertion(tx, random) {
    const gaps = await sql<{ id: string }>`SELECT n::text AS id
      FROM generate_series((SELECT min(id) FROM piculus.audit) - 1, (SELECT max(id) FROM piculus.audit)) AS n
      WHERE NOT EXISTS (SELECT FROM piculus.audit WHERE id = n)`.execute(tx);
    const free = random(5) === 0 ? `-${random(100)}` : (gaps.rows[random(gaps.rows.length)]?.id ?? '0');
    const { id } = await anyRow(tx, random, 'audit');
    const columns = sql`at, actor, act, sys_code, problem_id, target, reason, detail, via, before`;
    await sql`INSERT INTO piculus.audit (id, ${columns}) OVERRIDING SYSTEM VALUE
      SELECT ${free}::bigint, ${columns} FROM piculus.audit WHERE id = ${id}`.execute(tx);
    return { report: await verify(tx), first: { kind: 'row-added', id: free.replace(/^-0$/, '0') } };
  },
  async swap(tx, random) {
    const a = await anyRow(tx, random, 'audit');
    let b = a;
    while (b.id === a.id) b = await anyRow(tx, random, 'audit');
    await sql`ALTER TABLE piculus.audit ALTER COLUMN id DROP IDENTITY`.execute(tx);
    const [low, high] = BigInt(a.id) < BigInt(b.id) ? [a, b] : [b, a];
    await sql`UPDATE piculus.audit SET id = -1 WHERE id = ${low.id}`.execute(tx);
    await sql`UPDATE piculus.audit SET id = ${low.id} WHERE id = ${high.id}`.execute(tx);
    await sql`UPDATE piculus.audit SET id = ${high.id} WHERE id = -1`.execute(tx);
    return { report: await verify(tx), first: { kind: 'row-changed', block: low.block, id: low.id } };
  },
  async truncation(tx, random) {
    const keep = inBlock(random, BLOCKS - 1);
    for (const source of SOURCES) {
      await sql`DELETE FROM ${table(source)} WHERE id > coalesce((SELECT max(up_to_id) FROM piculus.audit_block_rows
        WHERE source = ${source} AND block <= ${keep}), 0)`.execute(tx);
    }
    await sql`DELETE FROM piculus.audit_block_rows WHERE block > ${keep}`.execute(tx);
    await sql`DELETE FROM piculus.audit_blocks WHERE number > ${keep}`.execute(tx);
    return { report: await verify(tx), first: { kind: 'chain-shorter', block: String(BLOCKS) } };
  },
  async fork(tx, random) {
    // Another history from one block on, with blocks that all follow each other.
    const keep = inBlock(random, BLOCKS - 1);
    const ids = await sql<{ id: string }>`SELECT unnest(ids)::text AS id FROM piculus.audit_block_rows
      WHERE source = 'audit' AND block > ${keep}`.execute(tx);
    const id = ids.rows[random(ids.rows.length)]?.id ?? '0';
    await sql`UPDATE piculus.audit SET actor = 'somebody else' WHERE id = ${id}`.execute(tx);
    await sql`DELETE FROM piculus.audit_block_rows WHERE block > ${keep}`.execute(tx);
    await sql`DELETE FROM piculus.audit_blocks WHERE number > ${keep}`.execute(tx);
    await coverOneByOne(tx);
    return { report: await verify(tx), first: null };
  },
  async rewrite(tx, random) {
    const head = await readLastBlock(tx);
    if (head === null) throw new Error('there is no block');
    const exported = await checkpoint(tx, KEY, head, false);
    const { id } = await anyRow(tx, random, 'audit');
    await sql`UPDATE piculus.audit SET reason = 'never happened' WHERE id = ${id}`.execute(tx);
    await sql`DELETE FROM piculus.audit_checkpoints`.execute(tx);
    await rewriteChain(tx);
    const inside = await verify(tx);
    // Only the checkpoint that was kept outside can tell.
    expect(inside.ok).toBe(true);
    return { report: await verify(tx, [exported]), first: null };
  },
};

async function coverOneByOne(tx: Tx): Promise<void> {
  const { makeBlock } = await import('../../src/audit/blocks.ts');
  const { readHighestIds } = await import('../../src/store/chain.ts');
  const upTo = await readHighestIds(tx);
  while ((await makeBlock(tx, { upTo, at: AT, rowsMax: 3 })) !== null);
}

describe('a chain that was tampered with', () => {
  const kinds = Object.entries(KINDS).map(([name, tamper], index) => ({ name, tamper, index }));
  it.each(kinds)(
    `shows every $name in ${CHAINS * PLACES_OF_EACH} random places`,
    async ({ tamper, index }) => {
      for (let seed = CHAINS * index + 1; seed <= CHAINS * (index + 1); seed += 1)
        await undone(async (tx) => {
          const random = randomFrom(seed);
          await writeChain(tx, random, BLOCKS);
          const head = await readLastBlock(tx);
          if (head === null) throw new Error('there is no block');
          await checkpoint(tx, KEY, head, true);
          for (let place = 1; place <= PLACES_OF_EACH; place += 1) {
            const { report, first } = await undoneWithin(tx, () => tamper(tx, random));
            const where = `place ${place} of the chain of seed ${seed}`;
            expect(report.ok, where).toBe(false);
            if (first !== null) expect(report.faults[0], where).toMatchObject(first);
          }
          return true;
        });
    },
  );

  it('shows a block whose list of rows was changed, a block that is gone, and a forged checkpoint', async () => {
    const reports = await undone(async (tx) => {
      await writeChain(tx, randomFrom(7), 5);
      const head = await readLastBlock(tx);
      if (head === null) throw new Error('there is no block');
      const forged = newKey().sign({ block: head.number, hash: head.hash, signedAt: AT });
      const byOther = await verify(tx, [forged]);
      const good = await checkpoint(tx, KEY, head, false);
      const moved = await verify(tx, [{ ...good, signedAt: new Date(AT.getTime() + 1) }]);
      await sql`UPDATE piculus.audit_blocks SET made_at = made_at + interval '1 second' WHERE number = 2`.execute(
        tx,
      );
      const changed = await verify(tx, [good]);
      await sql`DELETE FROM piculus.audit_block_rows WHERE block = 3`.execute(tx);
      await sql`DELETE FROM piculus.audit_blocks WHERE number = 3`.execute(tx);
      return { byOther, moved, changed, gone: await verify(tx) };
    });
    expect(reports.byOther.faults.map(({ kind }) => kind)).toEqual(['checkpoint-forged']);
    expect(reports.moved.faults.map(({ kind }) => kind)).toEqual(['checkpoint-forged']);
    expect(reports.changed.faults).toEqual([{ kind: 'block-changed', block: '2', source: null, id: null }]);
    expect(reports.gone.faults.map(({ kind, block }) => [kind, block])).toEqual([
      ['block-changed', '2'],
      ['block-missing', '3'],
      ['chain-broken', '4'],
    ]);
  });
});

describe('a chain that nobody touched', () => {
  it('gives no alarm, 50 times', async () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const report = await undone(async (tx) => {
        const random = randomFrom(1_000 + seed);
        await writeChain(tx, random, 1 + random(20));
        const head = await readLastBlock(tx);
        if (head === null) throw new Error('there is no block');
        const exported = await checkpoint(tx, KEY, head, random(2) === 0);
        // Rows that no block covers yet are no fault.
        await insertActs(tx, random, 1);
        return verify(tx, [exported]);
      });
      expect(report, `seed ${seed}`).toMatchObject({
        ok: true,
        faults: [],
        more: false,
        checkpointsGiven: 1,
      });
      expect(report.rows).toBeGreaterThan(0);
    }
  });
});

it('covers every column of the three tables', async () => {
  for (const source of SOURCES) {
    const columns = await sql<{ name: string }>`SELECT column_name AS name FROM information_schema.columns
      WHERE table_schema = 'piculus' AND table_name = ${source}`.execute(database.db);
    expect([...(fieldsOf(NEWEST_FORMAT, source) ?? [])].sort(), source).toEqual(
      columns.rows.map(({ name }) => name).sort(),
    );
  }
});
