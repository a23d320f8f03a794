/** The chain of blocks over acts, reports and executions, and the checkpoints signed over it. Appended, never changed. */
import { sql } from 'kysely';
import type { BlockContent, CheckpointContent, Coverage, Source } from '../audit/encoding.ts';
import { writeTextList } from './arrays.ts';
import type { Executor, Tx } from './database.ts';

/** Any number that no other part uses: two servers at once make blocks in turns. */
const WRITER_LOCK = 7_402_518_847;

export interface Block extends BlockContent {
  readonly hash: Buffer;
}

export interface Checkpoint extends CheckpointContent {
  /** The Ed25519 key, 32 raw bytes. */
  readonly publicKey: Buffer;
  readonly signature: Buffer;
}

export type Heads = Readonly<Record<Source, string>>;

/** The highest id of each table that can be seen now; `0` where it is empty. */
export async function readHighestIds(db: Executor): Promise<Heads> {
  const found = await sql<Heads>`SELECT
    coalesce((SELECT max(id) FROM piculus.audit), 0)::text AS audit,
    coalesce((SELECT max(id) FROM piculus.reports), 0)::text AS reports,
    coalesce((SELECT max(id) FROM piculus.executions), 0)::text AS executions`.execute(db);
  return found.rows[0] ?? { audit: '0', reports: '0', executions: '0' };
}

/** The id of this transaction: higher than that of every one which has taken one before. */
export async function takeTransactionId(tx: Tx): Promise<string> {
  const found = await sql<{ id: string }>`SELECT pg_current_xact_id()::text AS id`.execute(tx);
  return found.rows[0]?.id ?? '0';
}

/** Whether every transaction with an id below this one has ended, so that what it wrote can be seen or never will. */
export async function haveEnded(db: Executor, below: string): Promise<boolean> {
  const found = await sql<{ ended: boolean }>`
    SELECT pg_snapshot_xmin(pg_current_snapshot()) >= ${below}::xid8 AS ended`.execute(db);
  return found.rows[0]?.ended ?? false;
}

export async function lockChain(tx: Tx): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${WRITER_LOCK})`.execute(tx);
}

/** Up to which id the blocks cover each table. */
export async function readCovered(db: Executor): Promise<Heads> {
  const found = await sql<Heads>`SELECT
    coalesce((SELECT max(up_to_id) FROM piculus.audit_block_rows WHERE source = 'audit'), 0)::text AS audit,
    coalesce((SELECT max(up_to_id) FROM piculus.audit_block_rows WHERE source = 'reports'), 0)::text AS reports,
    coalesce((SELECT max(up_to_id) FROM piculus.audit_block_rows WHERE source = 'executions'), 0)::text AS executions
  `.execute(db);
  return found.rows[0] ?? { audit: '0', reports: '0', executions: '0' };
}

export interface BlockHead {
  readonly number: string;
  readonly hash: Buffer;
  readonly madeAt: Date;
}

export async function readLastBlock(db: Executor): Promise<BlockHead | null> {
  const found = await sql<BlockHead>`
    SELECT number, hash, made_at AS "madeAt" FROM piculus.audit_blocks ORDER BY number DESC LIMIT 1`.execute(
    db,
  );
  return found.rows[0] ?? null;
}

export async function insertBlock(tx: Tx, block: Block): Promise<void> {
  // Sent together, done in this order.
  await Promise.all([
    sql`INSERT INTO piculus.audit_blocks (number, format, made_at, previous, hash)
      VALUES (${block.number}, ${block.format}, ${block.madeAt}, ${block.previous}, ${block.hash})`.execute(
      tx,
    ),
    ...block.covers.map(({ source, afterId, upToId, ids, digests }) =>
      sql`INSERT INTO piculus.audit_block_rows (block, source, after_id, up_to_id, ids, digests)
        VALUES (${block.number}, ${source}, ${afterId}, ${upToId}, ${writeTextList(ids)}::bigint[], ${digests})`.execute(
        tx,
      ),
    ),
  ]);
}

/** Blocks above `afterNumber`, lowest first, with what they cover. */
export async function readBlocks(db: Executor, afterNumber: string, limit: number): Promise<Block[]> {
  const blocks = await sql<Omit<Block, 'covers'>>`
    SELECT number, format, made_at AS "madeAt", previous, hash FROM piculus.audit_blocks
    WHERE number > ${afterNumber}::bigint ORDER BY number LIMIT ${limit}`.execute(db);
  return withCovers(db, blocks.rows);
}

/** Blocks from one number to another, both included, with what they cover. */
export async function readBlocksBetween(db: Executor, from: string, to: string): Promise<Block[]> {
  const blocks = await sql<Omit<Block, 'covers'>>`
    SELECT number, format, made_at AS "madeAt", previous, hash FROM piculus.audit_blocks
    WHERE number BETWEEN ${from}::bigint AND ${to}::bigint ORDER BY number`.execute(db);
  return withCovers(db, blocks.rows);
}

async function withCovers(db: Executor, blocks: readonly Omit<Block, 'covers'>[]): Promise<Block[]> {
  const numbers = blocks.map(({ number }) => number);
  const covers = await sql<Coverage & { block: string }>`
    SELECT block, source, after_id AS "afterId", up_to_id AS "upToId", ids::text[] AS ids, digests
    FROM piculus.audit_block_rows WHERE block = ANY(${numbers}::bigint[])
    ORDER BY block, array_position(ARRAY['audit', 'reports', 'executions'], source)`.execute(db);
  return blocks.map((block) => ({
    ...block,
    covers: covers.rows.filter((cover) => cover.block === block.number).map(({ block: _, ...rest }) => rest),
  }));
}

/** The block that covers each of these rows, with its format; rows that none covers yet are left out. */
export async function readCoveringBlocks(
  db: Executor,
  source: Source,
  ids: readonly string[],
): Promise<ReadonlyMap<string, { readonly number: string; readonly format: number }>> {
  const found = await sql<{ id: string; number: string; format: number }>`
    SELECT given.id::text AS id, b.number, b.format FROM unnest(${[...ids]}::bigint[]) AS given(id)
    CROSS JOIN LATERAL (SELECT r.block FROM piculus.audit_block_rows r
      WHERE r.source = ${source} AND r.up_to_id >= given.id ORDER BY r.up_to_id LIMIT 1) AS r
    JOIN piculus.audit_blocks b ON b.number = r.block`.execute(db);
  return new Map(found.rows.map(({ id, ...block }) => [id, block]));
}

const CHECKPOINT = sql`block, hash, signed_at AS "signedAt", public_key AS "publicKey", signature`;

export async function insertCheckpoint(db: Executor, checkpoint: Checkpoint): Promise<void> {
  const { block, hash, signedAt, publicKey, signature } = checkpoint;
  // Another server process may have signed the same block.
  await sql`INSERT INTO piculus.audit_checkpoints (block, hash, signed_at, public_key, signature)
    VALUES (${block}, ${hash}, ${signedAt}, ${publicKey}, ${signature}) ON CONFLICT (block) DO NOTHING`.execute(
    db,
  );
}

export async function readLastCheckpoint(db: Executor): Promise<Checkpoint | null> {
  const found = await sql<Checkpoint>`
    SELECT ${CHECKPOINT} FROM piculus.audit_checkpoints ORDER BY block DESC LIMIT 1`.execute(db);
  return found.rows[0] ?? null;
}

/** Checkpoints of blocks above `afterBlock`, lowest first. */
export async function readCheckpoints(
  db: Executor,
  afterBlock: string,
  limit: number,
): Promise<Checkpoint[]> {
  const found = await sql<Checkpoint>`
    SELECT ${CHECKPOINT} FROM piculus.audit_checkpoints WHERE block > ${afterBlock}::bigint
    ORDER BY block LIMIT ${limit}`.execute(db);
  return found.rows;
}

/** The first checkpoint that stands at or behind this block. */
export async function readCheckpointBehind(db: Executor, block: string): Promise<Checkpoint | null> {
  const [found] = await readCheckpoints(db, (BigInt(block) - 1n).toString(), 1);
  return found ?? null;
}
