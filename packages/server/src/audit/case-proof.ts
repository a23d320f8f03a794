/** The proof of a case file, made from the chain, and checked again by whoever holds the file. */
import type { CaseFile, CaseProof } from '@piculus/protocol/http';
import {
  type Block,
  type Checkpoint,
  readBlocksBetween,
  readCheckpointBehind,
  readCoveringBlocks,
} from '../store/chain.ts';
import { fieldsOf, NEWEST_FORMAT, readCanonicalRowsByIds } from '../store/chain-rows.ts';
import type { Executor } from '../store/database.ts';
import { fromLine, toLine } from './checkpoint-lines.ts';
import { coversHash, digestAt, headerHash, rowDigest, type Source, SOURCES } from './encoding.ts';
import { isSigned } from './key.ts';

type ProofRow = CaseProof['rows'][number];
type Link = CaseProof['links'][number];

export async function proofOf(
  db: Executor,
  ids: Readonly<Record<Source, readonly string[]>>,
): Promise<CaseProof> {
  const rows: ProofRow[] = [];
  for (const source of SOURCES) rows.push(...(await proofRows(db, source, ids[source])));
  const numbers = [...new Set(rows.flatMap(({ block }) => (block === null ? [] : [block])))].sort(byNumber);
  const blocks = new Map<string, Block>();
  const links = new Map<string, Block>();
  const checkpoints = new Map<string, Checkpoint>();
  for (const number of numbers) {
    const checkpoint = await readCheckpointBehind(db, number);
    if (checkpoint !== null) checkpoints.set(checkpoint.block, checkpoint);
    // A block on the way of one before it is there already, and so is the rest of the way.
    const way = links.has(number) ? [] : await readBlocksBetween(db, number, checkpoint?.block ?? number);
    for (const block of way) links.set(block.number, block);
    const own = links.get(number);
    if (own !== undefined) blocks.set(number, own);
  }
  return {
    rows,
    blocks: [...blocks.values()].map((block) => ({
      ...linkOf(block),
      covers: block.covers.map((cover) => ({
        ...cover,
        ids: [...cover.ids],
        digests: cover.digests.toString('hex'),
      })),
    })),
    links: [...links.values()].filter(({ number }) => !blocks.has(number)).map(linkOf),
    checkpoints: [...checkpoints.values()].map(toLine),
  };
}

const byNumber = (a: string, b: string): number => (BigInt(a) < BigInt(b) ? -1 : 1);

async function proofRows(db: Executor, source: Source, ids: readonly string[]): Promise<ProofRow[]> {
  const covering = await readCoveringBlocks(db, source, ids);
  const formatOf = (id: string): number => covering.get(id)?.format ?? NEWEST_FORMAT;
  const rows: ProofRow[] = [];
  for (const format of new Set(ids.map(formatOf))) {
    const names = fieldsOf(format, source) ?? [];
    const some = ids.filter((id) => formatOf(id) === format);
    for (const { id, values } of await readCanonicalRowsByIds(db, { source, format, ids: some }))
      rows.push({
        source,
        id,
        names: [...names],
        values: [...values],
        block: covering.get(id)?.number ?? null,
      });
  }
  return rows;
}

function linkOf(block: Block): Link {
  return {
    number: block.number,
    format: block.format,
    madeAt: block.madeAt.toISOString(),
    previous: block.previous.toString('hex'),
    coversHash: coversHash(block.covers).toString('hex'),
    hash: block.hash.toString('hex'),
  };
}

export interface CaseCheck {
  readonly ok: boolean;
  /** Rows that a signed checkpoint proves, and rows that no checkpoint stood behind when the file was made. */
  readonly proven: number;
  readonly unproven: number;
  /** In words, what does not fit. */
  readonly faults: readonly string[];
}

/** @param keys that may have signed, 32 raw bytes each; null: any, so that only the file itself is checked. */
export function checkCaseFile({ proof, problem, acts }: CaseFile, keys: readonly Buffer[] | null): CaseCheck {
  const faults: string[] = [];
  const blocks = new Map(proof.blocks.map((block) => [block.number, block]));
  const signed = signedBlocks(proof, keys, faults);
  let proven = 0;
  for (const row of proof.rows) {
    const name = `${row.source} ${row.id}`;
    const block = row.block === null ? undefined : blocks.get(row.block);
    if (row.block !== null && block === undefined) faults.push(`${name}: its block is not in the file`);
    if (block === undefined) continue;
    const cover = block.covers.find(({ source }) => source === row.source);
    const index = cover?.ids.indexOf(row.id) ?? -1;
    const digest = cover === undefined ? null : digestAt(Buffer.from(cover.digests, 'hex'), index);
    const known = fieldsOf(block.format, row.source);
    const isAsWritten =
      index >= 0 &&
      digest !== null &&
      (known === null || known.join() === row.names.join()) &&
      rowDigest(row.source, row.names, row).equals(digest);
    if (!isAsWritten) faults.push(`${name} is not what block ${block.number} covers`);
    else if (signed.has(block.number)) proven += 1;
  }
  faults.push(...contradictions(proof.rows, problem.executions, acts));
  return { ok: faults.length === 0, proven, unproven: proof.rows.length - proven, faults };
}

/** Numbers of blocks from which unbroken links lead to a checkpoint that is signed. */
function signedBlocks(
  proof: CaseProof,
  keys: readonly Buffer[] | null,
  faults: string[],
): ReadonlySet<string> {
  const hashes = new Map<string, string>();
  for (const line of proof.checkpoints) {
    const checkpoint = fromLine(line);
    const trusted = keys === null || keys.some((key) => key.equals(checkpoint.publicKey));
    if (trusted && isSigned(checkpoint)) hashes.set(line.block, line.hash);
    else faults.push(`the checkpoint of block ${line.block} is not signed by a known key`);
  }
  for (const block of proof.blocks) {
    const covers = block.covers.map((cover) => ({ ...cover, digests: Buffer.from(cover.digests, 'hex') }));
    if (coversHash(covers).toString('hex') !== block.coversHash)
      faults.push(`block ${block.number} does not cover what it says`);
  }
  const links = new Map([...proof.links, ...proof.blocks].map((link) => [link.number, link]));
  const signed = new Set<string>();
  for (const link of [...links.values()].sort((a, b) => byNumber(b.number, a.number))) {
    const next = links.get((BigInt(link.number) + 1n).toString());
    const isOwnHash =
      headerHash({
        ...link,
        madeAt: new Date(link.madeAt),
        previous: Buffer.from(link.previous, 'hex'),
        coversHash: Buffer.from(link.coversHash, 'hex'),
      }).toString('hex') === link.hash;
    const checkpoint = hashes.get(link.number);
    if (!isOwnHash) faults.push(`block ${link.number} is not what its hash says`);
    else if (checkpoint !== undefined && checkpoint !== link.hash)
      faults.push(`block ${link.number} is another one than was signed`);
    else if (checkpoint !== undefined) signed.add(link.number);
    else if (next !== undefined && signed.has(next.number) && next.previous === link.hash)
      signed.add(link.number);
  }
  return signed;
}

/** What the readable part tells differently from the rows that are proven. */
function contradictions(
  rows: readonly ProofRow[],
  executions: CaseFile['problem']['executions'],
  acts: CaseFile['acts'],
): string[] {
  const values = new Map(
    rows.map((row) => [
      `${row.source} ${row.id}`,
      new Map(row.names.map((name, index) => [name, row.values[index] ?? null])),
    ]),
  );
  const differs = (name: string, told: Readonly<Record<string, string | null>>): boolean =>
    Object.entries(told).some(([column, value]) => values.get(name)?.get(column) !== value);
  return [
    ...executions
      .filter(({ id, outcome, reason, movedMinor }) =>
        differs(`executions ${id}`, { outcome, reason, moved_minor: movedMinor }),
      )
      .map(({ id }) => `execution ${id} is told differently from its row`),
    ...acts
      .filter(({ id, actor, act, reason }) => differs(`audit ${id}`, { actor, act, reason }))
      .map(({ id }) => `act ${id} is told differently from its row`),
  ];
}
