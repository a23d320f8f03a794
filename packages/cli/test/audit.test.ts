/** `piculus audit` straight on a database, with its exit codes. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenTestDatabase, openTestDatabase } from '../../../test/support/database.ts';
import { makeBlock } from '../../server/src/audit/blocks.ts';
import { toLine } from '../../server/src/audit/checkpoint-lines.ts';
import { readHighestIds, readLastBlock } from '../../server/src/store/chain.ts';
import {
  AT,
  checkpoint,
  insertActs,
  newKey,
  randomFrom,
  rewriteChain,
} from '../../server/test/audit/rows.ts';
import { EXIT } from '../src/exit-codes.ts';
import { type Home, makeHome } from './support/world.ts';

let database: OpenTestDatabase;
let home: Home;
const KEY = newKey();
beforeAll(async () => {
  database = await openTestDatabase('postgres', 2);
  home = await makeHome({ PICULUS_DATABASE_URL: database.url });
});
afterAll(async () => {
  await database.drop();
  await home.remove();
});

it('says that the chain holds, and names what was changed, also where all of it was rewritten', async () => {
  const file = join(home.folder, 'checkpoints.jsonl');
  await database.db.transaction().execute(async (tx) => {
    await insertActs(tx, randomFrom(1), 20);
    await makeBlock(tx, { upTo: await readHighestIds(tx), at: AT, rowsMax: 100 });
    const head = await readLastBlock(tx);
    if (head === null) throw new Error('there is no block');
    await writeFile(file, `${JSON.stringify(toLine(await checkpoint(tx, KEY, head, true)))}\n`);
  });
  const verify = (...more: string[]) =>
    home.run(['audit', 'verify', '--data-dir', join(home.folder, 'none'), ...more]);
  const good = await verify('--checkpoints', file);
  expect(good.exitCode).toBe(EXIT.ok);
  expect(good.stdout).toContain('20 rows in 1 blocks');
  expect(good.stdout).toContain('the chain holds');
  const other = await verify('--key', newKey().publicKey.toString('base64'));
  expect(other.stdout).toContain('the checkpoint of block 1 was not signed by a known key');

  await sql`UPDATE piculus.audit SET reason = 'x' WHERE id = 7`.execute(database.db);
  const bad = await verify();
  expect(bad.exitCode).toBe(EXIT.failure);
  expect(bad.stdout).toContain('changed: audit 7 of block 1');

  await database.db.transaction().execute(async (tx) => {
    await sql`DELETE FROM piculus.audit_checkpoints`.execute(tx);
    await rewriteChain(tx);
  });
  const inside = await verify();
  expect(inside.exitCode).toBe(EXIT.ok);
  expect(inside.stdout).toContain('a chain that was rewritten as a whole would pass');
  const outside = await verify('--checkpoints', file, '--json');
  expect(outside.exitCode).toBe(EXIT.failure);
  expect(JSON.parse(outside.stdout)).toMatchObject({
    ok: false,
    faults: [{ kind: 'chain-rewritten', block: '1' }],
  });
});

it('refuses a file that holds no checkpoints, and a key that is none', async () => {
  const file = join(home.folder, 'nonsense.jsonl');
  await writeFile(file, 'nonsense\n');
  const wrong = await home.run(['audit', 'verify', '--checkpoints', file]);
  expect([wrong.exitCode, wrong.stderr.includes('line 1 is no checkpoint')]).toEqual([EXIT.failure, true]);
  expect((await home.run(['audit', 'verify', '--key', 'abc'])).exitCode).toBe(EXIT.usage);
});
