/** Makes blocks of the chain, and says up to where rows can be covered without any still being on its way. */
import {
  type Block,
  type Heads,
  haveEnded,
  insertBlock,
  lockChain,
  readCovered,
  readHighestIds,
  readLastBlock,
  takeTransactionId,
} from '../store/chain.ts';
import { fieldsOf, NEWEST_FORMAT, readCanonicalRows } from '../store/chain-rows.ts';
import type { Database, Tx } from '../store/database.ts';
import { transaction } from '../store/pool.ts';
import { blockHash, type Coverage, NO_BLOCK, rowDigests, SOURCES } from './encoding.ts';

export interface BlockRequest {
  /** Up to which id of each table rows may be covered. */
  readonly upTo: Heads;
  readonly at: Date;
  readonly rowsMax: number;
}

/** Appends one block. @returns it; null where everything up to there is covered already. */
export async function makeBlock(tx: Tx, { upTo, at, rowsMax }: BlockRequest): Promise<Block | null> {
  // Sent together, done in this order: what is there is read once the lock is held.
  const [, covered, before] = await Promise.all([lockChain(tx), readCovered(tx), readLastBlock(tx)]);
  const covers: Coverage[] = [];
  let room = rowsMax;
  for (const source of SOURCES) {
    if (room === 0 || BigInt(upTo[source]) <= BigInt(covered[source])) continue;
    const names = fieldsOf(NEWEST_FORMAT, source) ?? [];
    const range = { source, format: NEWEST_FORMAT, afterId: covered[source], upToId: upTo[source] };
    const rows = await readCanonicalRows(tx, { ...range, limit: room });
    const last = rows.at(-1);
    covers.push({
      source,
      afterId: covered[source],
      // A block that is full ends with its last row; the rest is for the next one.
      upToId: rows.length === room && last !== undefined ? last.id : upTo[source],
      ids: rows.map(({ id }) => id),
      digests: Buffer.concat(rows.map(rowDigests(source, names))),
    });
    room -= rows.length;
  }
  if (covers.length === 0) return null;
  const content = {
    number: (BigInt(before?.number ?? 0) + 1n).toString(),
    format: NEWEST_FORMAT,
    madeAt: at,
    previous: before?.hash ?? NO_BLOCK,
    covers,
  };
  const block = { ...content, hash: blockHash(content) };
  await insertBlock(tx, block);
  return block;
}

/** Rows that were seen at one moment, and the transactions that were there then. */
export interface Mark {
  readonly heads: Heads;
  readonly transactionId: string;
}

export type Safe = { readonly heads: Heads } | { readonly wait: Mark };

/**
 * A sequence gives a lower id to a transaction that commits later. Every id up to the heads was taken by a transaction
 * that had its own id before (a trigger sees to that), so before this one takes its id: once all below have ended,
 * nothing at or below the heads can appear any more. Nobody waits for this, and no lock is taken.
 * @param before what an earlier call said to wait for.
 */
export async function safeHeads(db: Database, before: Mark | null): Promise<Safe> {
  if (before !== null) {
    return (await haveEnded(db, before.transactionId)) ? { heads: before.heads } : { wait: before };
  }
  return transaction(db, async (tx) => {
    // In this order: the heads must have been seen before the id is taken.
    const heads = await readHighestIds(tx);
    const transactionId = await takeTransactionId(tx);
    return (await haveEnded(tx, transactionId)) ? { heads } : { wait: { heads, transactionId } };
  });
}
