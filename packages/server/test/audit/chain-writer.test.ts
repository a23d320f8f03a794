/** The writer of the chain: that nothing slips past it, and that its checkpoints come out. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createChainWriter } from '../../src/audit/chain-writer.ts';
import { fromLine, readCheckpointLines } from '../../src/audit/checkpoint-lines.ts';
import { fileSink, webhookSink } from '../../src/audit/export.ts';
import { loadCheckpointKey, readCheckpointPublicKey } from '../../src/audit/key.ts';
import { verifyChain } from '../../src/audit/verify.ts';
import { readBlocks, readCovered, readHighestIds } from '../../src/store/chain.ts';
import { systemClock } from '../../src/base/clock.ts';
import { openWorld, type World } from '../collections/world.ts';
import { AT, insertActs, insertExecutions, insertReports, newKey, randomFrom } from './rows.ts';

const KEY = newKey();

describe.each(TEST_ENGINES)('the writer of the chain on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.drop());

  const verify = () => verifyChain(world.db, { at: AT, given: [], trustedKeys: [KEY.publicKey] });
  /** Other databases of the same PostgreSQL have transactions too, and the writer waits for those as well. */
  async function untilCovered(writer: { runOnce(): Promise<void> }): Promise<void> {
    for (;;) {
      await writer.runOnce();
      const [heads, covered] = [await readHighestIds(world.db), await readCovered(world.db)];
      if (JSON.stringify(heads) === JSON.stringify(covered)) return;
    }
  }

  it('covers every row in blocks of at most so many, and makes none where nothing is new', async () => {
    const random = randomFrom(1);
    await world.db.transaction().execute(async (tx) => {
      await insertActs(tx, random, 23);
      await insertReports(tx, random, 4);
      await insertExecutions(tx, random, 9);
    });
    const writer = createChainWriter(world.context, { key: KEY, sinks: [] }, { rowsMax: 10 });
    await untilCovered(writer);
    const blocks = await readBlocks(world.db, '0', 100);
    expect(blocks.map(({ covers }) => covers.reduce((sum, { ids }) => sum + ids.length, 0))).toEqual([
      10, 10, 10, 6,
    ]);
    await writer.runOnce();
    expect(await readBlocks(world.db, '0', 100)).toHaveLength(4);
    expect(await verify()).toMatchObject({ ok: true, blocks: '4', rows: 36, checkpointsStored: 1 });
  });

  it('signs a checkpoint when its time has come, and only where there is a new block', async () => {
    const writer = createChainWriter(
      world.context,
      { key: KEY, sinks: [] },
      { rowsMax: 10, checkpointBlocks: 3 },
    );
    const checkpoints = async () => (await verify()).checkpointsStored;
    const before = await checkpoints();
    world.clock.advance(60_000);
    await writer.runOnce();
    expect(await checkpoints()).toBe(before);
    await world.db.transaction().execute((tx) => insertActs(tx, randomFrom(2), 1));
    await untilCovered(writer);
    expect(await checkpoints()).toBe(before + 1);
    await world.db.transaction().execute((tx) => insertActs(tx, randomFrom(3), 1));
    await untilCovered(writer);
    expect(await checkpoints()).toBe(before + 1);
    await world.db.transaction().execute((tx) => insertActs(tx, randomFrom(4), 20));
    await untilCovered(writer);
    expect(await checkpoints()).toBe(before + 2);
    expect((await verify()).ok).toBe(true);
  });

  it('writes checkpoints to a file that only grows, and goes on after a line that was cut off', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'piculus-audit-'));
    try {
      const path = join(folder, 'checkpoints.jsonl');
      await writeFile(path, '');
      const sink = fileSink(path, world.context.log);
      await sink.send(world.db);
      const first = await readFile(path, 'utf8');
      const lines = readCheckpointLines(first);
      expect(lines).toHaveLength((await verify()).checkpointsStored);
      await sink.send(world.db);
      await fileSink(path, world.context.log).send(world.db);
      expect(await readFile(path, 'utf8')).toBe(first);
      const report = await verifyChain(world.db, { at: AT, given: lines.map(fromLine), trustedKeys: null });
      expect(report).toMatchObject({ ok: true, checkpointsGiven: lines.length });
      expect(() => readCheckpointLines(`${first}{"version":1`)).toThrow(`line ${lines.length + 1}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('rows of transactions that commit in another order', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld('postgres');
  });
  afterAll(() => world.drop());

  it('never leaves out a lower id that commits later', async () => {
    const writer = createChainWriter(world.context, { key: KEY, sinks: [] });
    const slow = await world.pool.connect();
    try {
      await slow.query('BEGIN');
      await slow.query(`INSERT INTO piculus.audit (at, actor, act) VALUES (now(), 'slow', 'first')`);
      await world.db.transaction().execute((tx) => insertActs(tx, randomFrom(5), 3));
      for (let round = 0; round < 5; round += 1) await writer.runOnce();
      expect(await readBlocks(world.db, '0', 10)).toEqual([]);
      await slow.query('COMMIT');
    } finally {
      slow.release();
    }
    while ((await readBlocks(world.db, '0', 10)).length === 0) await writer.runOnce();
    const [block] = await readBlocks(world.db, '0', 10);
    expect(block?.covers[0]?.ids).toEqual(['1', '2', '3', '4']);
  });

  it('holds under many writers at once, with some that give up', async () => {
    const writer = createChainWriter(world.context, { key: KEY, sinks: [] }, { rowsMax: 20 });
    let writing = true;
    const covering = (async () => {
      while (writing) await writer.runOnce();
    })();
    await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const random = randomFrom(100 + index);
        for (let turn = 0; turn < 25; turn += 1) {
          await world.db
            .transaction()
            .execute(async (tx) => {
              await insertActs(tx, random, 1 + random(3));
              if (random(3) === 0) await sql`SELECT pg_sleep(0.002)`.execute(tx);
              await insertExecutions(tx, random, random(3));
              await insertReports(tx, random, random(2));
              if (random(5) === 0) throw new RangeError('gives up');
            })
            .catch((error: unknown) => {
              if (!(error instanceof RangeError)) throw error;
            });
        }
      }),
    );
    writing = false;
    await covering;
    const heads = await readHighestIds(world.db);
    while (JSON.stringify(await readCovered(world.db)) !== JSON.stringify(heads)) await writer.runOnce();
    const report = await verifyChain(world.db, { at: AT, given: [], trustedKeys: [KEY.publicKey] });
    expect(report).toMatchObject({ ok: true, faults: [] });
    const rows = await sql<{ n: string }>`SELECT (SELECT count(*) FROM piculus.audit)
      + (SELECT count(*) FROM piculus.executions) + (SELECT count(*) FROM piculus.reports) AS n`.execute(
      world.db,
    );
    expect(report.rows).toBe(Number(rows.rows[0]?.n));
  });

  it('posts the newest checkpoint, and again when the receiver was away', async () => {
    const bodies: string[] = [];
    let status = 503;
    const receiver: Server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        bodies.push(body);
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const address = receiver.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const sink = webhookSink(`http://127.0.0.1:${port}/`, {
      clock: { ...world.clock, sleep: systemClock.sleep },
      log: world.context.log,
    });
    try {
      await sink.send(world.db);
      await sink.send(world.db);
      expect(bodies).toHaveLength(1);
      status = 204;
      world.clock.advance(600_000);
      await sink.send(world.db);
      await sink.send(world.db);
      expect(bodies).toHaveLength(2);
      expect(readCheckpointLines(bodies[1] ?? '')[0]?.publicKey).toBe(KEY.publicKey.toString('base64'));
    } finally {
      receiver.close();
    }
  });
});

describe('the key of checkpoints', () => {
  it('is made once, is its owner’s alone, and is refused where others can read it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'piculus-audit-'));
    try {
      const made = await loadCheckpointKey(folder);
      const path = join(folder, 'audit-key.pem');
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect((await loadCheckpointKey(folder)).publicKey).toEqual(made.publicKey);
      expect(await readCheckpointPublicKey(folder)).toEqual(made.publicKey);
      const { chmod } = await import('node:fs/promises');
      await chmod(path, 0o644);
      await expect(loadCheckpointKey(folder)).rejects.toThrow('chmod 600');
      await chmod(path, 0o600);
      await writeFile(path, 'nothing');
      await expect(loadCheckpointKey(folder)).rejects.toThrow('holds no Ed25519 key');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
