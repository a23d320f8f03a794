/**
 * Goes through the whole chain and finds what was changed after it was written. Reads only. Blocks and the rows that
 * they cover never change, so it may run beside the writer.
 */
import type { ChainFault, ChainFaultKind, ChainReport } from '@piculus/protocol/http';
import { type Block, type Checkpoint, readBlocks, readCheckpoints } from '../store/chain.ts';
import { fieldsOf, readCanonicalRows, readImpossibleIds } from '../store/chain-rows.ts';
import type { Executor } from '../store/database.ts';
import { blockHash, digestAt, NO_BLOCK, rowDigest, type Source, SOURCES } from './encoding.ts';
import { isSigned } from './key.ts';

const BLOCKS_AT_ONCE = 10;
const CHECKPOINTS_AT_ONCE = 1_000;
const FAULTS_MAX = 20;
/** More rows than a block covers are read in its range, so that added ones show; a flood of them is cut here. */
const ADDED_ROWS_SEEN = 100;

export interface VerifyOptions {
  readonly at: Date;
  /** Checkpoints that were kept outside the database; without them a chain that was rewritten as a whole passes. */
  readonly given: readonly Checkpoint[];
  /** Keys that may have signed, 32 raw bytes each; null: any, so that only the given ones prove anything. */
  readonly trustedKeys: readonly Buffer[] | null;
}

export async function verifyChain(db: Executor, options: VerifyOptions): Promise<ChainReport> {
  const findings = new Findings();
  for (const source of SOURCES) {
    for (const id of await readImpossibleIds(db, source)) findings.add('row-added', null, { source, id });
  }
  const stored = await allCheckpoints(db);
  const checkpoints = new Map<string, Checkpoint[]>();
  for (const checkpoint of [...stored, ...options.given]) {
    if (!isTrusted(checkpoint, options.trustedKeys)) findings.add('checkpoint-forged', checkpoint.block);
    else checkpoints.set(checkpoint.block, [...(checkpoints.get(checkpoint.block) ?? []), checkpoint]);
  }
  const walk = new Walk(db, findings, checkpoints);
  const last = await walk.run();
  // What is left names blocks that are not there.
  for (const block of [...checkpoints.keys()].sort(byNumber)) findings.add('chain-shorter', block);
  return {
    ok: findings.faults.length === 0,
    verifiedAt: options.at.toISOString(),
    blocks: walk.blocks.toString(),
    rows: walk.rows,
    lastBlock:
      last === null
        ? null
        : { number: last.number, hash: last.hash.toString('hex'), madeAt: last.madeAt.toISOString() },
    checkpointsStored: stored.length,
    checkpointsGiven: options.given.length,
    faults: findings.faults,
    more: findings.more,
  };
}

const byNumber = (a: string, b: string): number => (BigInt(a) < BigInt(b) ? -1 : 1);

async function allCheckpoints(db: Executor): Promise<Checkpoint[]> {
  const all: Checkpoint[] = [];
  for (let after = '0'; ; ) {
    const some = await readCheckpoints(db, after, CHECKPOINTS_AT_ONCE);
    all.push(...some);
    after = some.at(-1)?.block ?? after;
    if (some.length < CHECKPOINTS_AT_ONCE) return all;
  }
}

function isTrusted(checkpoint: Checkpoint, keys: readonly Buffer[] | null): boolean {
  const known = keys === null || keys.some((key) => key.equals(checkpoint.publicKey));
  return known && isSigned(checkpoint);
}

class Findings {
  readonly faults: ChainFault[] = [];
  more = false;

  add(kind: ChainFaultKind, block: string | null, row?: { source: Source; id: string }): void {
    if (this.faults.length >= FAULTS_MAX) this.more = true;
    else this.faults.push({ kind, block, source: row?.source ?? null, id: row?.id ?? null });
  }
}

/** One pass over the blocks in their order. */
class Walk {
  readonly #db: Executor;
  readonly #findings: Findings;
  /** By block; those that were met are taken out. */
  readonly #checkpoints: Map<string, Checkpoint[]>;
  readonly #covered: Record<Source, string> = { audit: '0', reports: '0', executions: '0' };
  #last: Block | null = null;
  blocks = 0;
  rows = 0;

  constructor(db: Executor, findings: Findings, checkpoints: Map<string, Checkpoint[]>) {
    this.#db = db;
    this.#findings = findings;
    this.#checkpoints = checkpoints;
  }

  /** @returns the last block. */
  async run(): Promise<Block | null> {
    // Blocks that are made meanwhile are met too, for there are never many; faults are cut, so it ends.
    for (;;) {
      const blocks = await readBlocks(this.#db, this.#last?.number ?? '0', BLOCKS_AT_ONCE);
      for (const block of blocks) {
        this.#checkBlock(block);
        await this.#checkRows(block);
        this.#last = block;
        this.blocks += 1;
      }
      if (blocks.length < BLOCKS_AT_ONCE) return this.#last;
    }
  }

  #checkBlock(block: Block): void {
    const { number } = block;
    const expected = BigInt(this.#last?.number ?? 0) + 1n;
    if (BigInt(number) !== expected) this.#findings.add('block-missing', expected.toString());
    let follows = block.previous.equals(this.#last?.hash ?? NO_BLOCK);
    for (const { source, afterId, upToId } of block.covers) {
      if (afterId !== this.#covered[source]) follows = false;
      this.#covered[source] = upToId;
    }
    if (!follows) this.#findings.add('chain-broken', number);
    if (!blockHash(block).equals(block.hash)) this.#findings.add('block-changed', number);
    for (const checkpoint of this.#checkpoints.get(number) ?? []) {
      if (!checkpoint.hash.equals(block.hash)) this.#findings.add('chain-rewritten', number);
    }
    this.#checkpoints.delete(number);
  }

  async #checkRows(block: Block): Promise<void> {
    for (const { source, afterId, upToId, ids, digests } of block.covers) {
      const names = fieldsOf(block.format, source);
      if (names === null) {
        this.#findings.add('format-unknown', block.number);
        continue;
      }
      const range = { source, format: block.format, afterId, upToId, limit: ids.length + ADDED_ROWS_SEEN };
      const present = new Map((await readCanonicalRows(this.#db, range)).map((row) => [row.id, row]));
      const wrong: { kind: ChainFaultKind; id: string }[] = [];
      for (const [index, id] of ids.entries()) {
        const row = present.get(id);
        present.delete(id);
        if (row === undefined) wrong.push({ kind: 'row-missing', id });
        else if (!rowDigest(source, names, row).equals(digestAt(digests, index)))
          wrong.push({ kind: 'row-changed', id });
      }
      for (const id of present.keys()) wrong.push({ kind: 'row-added', id });
      wrong.sort((a, b) => byNumber(a.id, b.id));
      for (const { kind, id } of wrong) this.#findings.add(kind, block.number, { source, id });
      this.rows += ids.length;
    }
  }
}
