/** The loop that makes blocks of the chain, signs checkpoints over it and brings them out. */
import type { Context, Loop } from '../base/services.ts';
import { stepped } from '../base/steps.ts';
import { createLoop } from '../dispatch/loop.ts';
import {
  insertCheckpoint,
  readCovered,
  readHighestIds,
  readLastBlock,
  readLastCheckpoint,
} from '../store/chain.ts';
import type { Database } from '../store/database.ts';
import { committed } from '../store/pool.ts';
import { type Mark, makeBlock, safeHeads } from './blocks.ts';
import { SOURCES } from './encoding.ts';
import type { CheckpointSink } from './export.ts';
import type { CheckpointKey } from './key.ts';

export interface ChainWriterOptions {
  readonly pollMs: number;
  /** Rows of one block, over all tables. */
  readonly rowsMax: number;
  /** A checkpoint is signed after so many blocks, or after so long where there is a new one. */
  readonly checkpointBlocks: number;
  readonly checkpointMs: number;
}

const OPTIONS: ChainWriterOptions = {
  pollMs: 2_000,
  rowsMax: 500,
  checkpointBlocks: 100,
  checkpointMs: 60_000,
};

export interface ChainWriterParts {
  readonly key: CheckpointKey;
  readonly sinks: readonly CheckpointSink[];
  /** False while another node does it; two at once make one chain all the same. */
  readonly onDuty?: () => boolean;
}

export function createChainWriter(
  context: Context,
  { key, sinks, onDuty = () => true }: ChainWriterParts,
  change: Partial<ChainWriterOptions> = {},
): Loop {
  const options = { ...OPTIONS, ...change };
  const { clock, db } = context;
  let mark: Mark | null = null;

  async function makeBlocks(signal: AbortSignal): Promise<void> {
    if (mark === null && !(await hasNewRows(db))) return;
    const safe = await safeHeads(db, mark);
    mark = 'wait' in safe ? safe.wait : null;
    if ('wait' in safe) return;
    const { heads: upTo } = safe;
    const { rowsMax } = options;
    let made = null;
    do
      made = await committed(context, 'audit block', (tx) =>
        makeBlock(tx, { upTo, at: clock.now(), rowsMax }),
      );
    while (made !== null && !signal.aborted);
    // Once for all of them: whoever looks at the acts sees the new ones.
    context.events.publish({ topic: 'audit', sysCode: null, ids: [], more: false });
  }

  async function signCheckpoint(): Promise<void> {
    const head = await readLastBlock(db);
    const last = await readLastCheckpoint(db);
    if (head === null || head.number === last?.block) return;
    const now = clock.now();
    const blocks = BigInt(head.number) - BigInt(last?.block ?? 0);
    const waitedMs = now.getTime() - (last?.signedAt.getTime() ?? 0);
    if (blocks < BigInt(options.checkpointBlocks) && waitedMs < options.checkpointMs) return;
    const checkpoint = key.sign({ block: head.number, hash: head.hash, signedAt: now });
    await stepped(context.steps, 'checkpoint', () => insertCheckpoint(db, checkpoint));
    context.events.publish({ topic: 'audit', sysCode: null, ids: [], more: false });
  }

  return createLoop({
    ...context,
    name: 'chain-writer',
    wakeReason: null,
    pollMs: options.pollMs,
    onDuty,
    async work(signal) {
      await makeBlocks(signal);
      await signCheckpoint();
      for (const sink of sinks) await stepped(context.steps, 'checkpoint export', () => sink.send(db));
    },
  });
}

/** A cheap look, so that a server where nothing happens writes nothing. */
async function hasNewRows(db: Database): Promise<boolean> {
  const [heads, covered] = [await readHighestIds(db), await readCovered(db)];
  return SOURCES.some((source) => BigInt(heads[source]) > BigInt(covered[source]));
}
