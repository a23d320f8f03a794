/**
 * The bytes that the chain hashes and signs. Everything has its length before it, so that no two contents spell the
 * same bytes, and each kind of thing begins with a name of its own, so that none passes for another.
 */
import { createHash, hash } from 'node:crypto';

export const SOURCES = ['audit', 'reports', 'executions'] as const;
export type Source = (typeof SOURCES)[number];

export const HASH_BYTES = 32;
/** What the first block follows. */
export const NO_BLOCK: Buffer = Buffer.alloc(HASH_BYTES);

/** A row as its digest covers it: the values in the one spelling of its format, null where there is none. */
export interface CanonicalRow {
  readonly id: string;
  readonly values: readonly (string | null)[];
}

/** What a block covers of one table: all its rows with `afterId < id <= upToId`. */
export interface Coverage {
  readonly source: Source;
  readonly afterId: string;
  readonly upToId: string;
  readonly ids: readonly string[];
  /** 32 bytes for each id, in the same order. */
  readonly digests: Buffer;
}

export interface BlockContent {
  readonly number: string;
  readonly format: number;
  readonly madeAt: Date;
  readonly previous: Buffer;
  /** In the order of SOURCES; a table without new rows is left out. */
  readonly covers: readonly Coverage[];
}

export interface CheckpointContent {
  readonly block: string;
  readonly hash: Buffer;
  readonly signedAt: Date;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: string): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([u32(bytes.length), bytes]);
}

const ABSENT = 0;
const PRESENT = 1;
const LENGTH_BYTES = 4;

/** @param names of the fields, in the order of the values. */
export function rowDigest(source: Source, names: readonly string[], row: CanonicalRow): Buffer {
  return rowDigests(source, names)(row);
}

/** As `rowDigest`, for many rows of one kind: what is the same in all of them is spelled once. */
export function rowDigests(source: Source, names: readonly string[]): (row: CanonicalRow) => Buffer {
  const head = Buffer.concat([prefixed('piculus row'), prefixed(source), u32(names.length)]);
  const fields = names.map(prefixed);
  const inAscii = asciiSpelling(head, fields);
  return ({ values }) => {
    const texts = fields.map((_, index) => values[index] ?? null);
    const all = texts.join('');
    const isAscii = Buffer.byteLength(all) === all.length;
    const bytes = isAscii ? inAscii(texts) : utf8Spelling(head, fields, texts);
    return hash('sha256', bytes, 'buffer');
  };
}

type Texts = readonly (string | null)[];

/** Where each character is a byte, all can be put together as a text first, which takes a third of the time. */
function asciiSpelling(head: Buffer, fields: readonly Buffer[]): (texts: Texts) => Buffer {
  const before = head.toString('latin1');
  const absent = fields.map((field) => `${field.toString('latin1')}${String.fromCharCode(ABSENT)}`);
  const present = fields.map((field) => `${field.toString('latin1')}${String.fromCharCode(PRESENT)}`);
  return (texts) => {
    let spelled = before;
    for (let index = 0; index < texts.length; index += 1) {
      const text = texts[index] ?? null;
      if (text === null) spelled += absent[index];
      else spelled += `${present[index]}${lengthAsText(text.length)}${text}`;
    }
    return Buffer.from(spelled, 'latin1');
  };
}

const lengthAsText = (size: number): string =>
  String.fromCharCode(size >>> 24, (size >>> 16) & 0xff, (size >>> 8) & 0xff, size & 0xff);

function utf8Spelling(head: Buffer, fields: readonly Buffer[], texts: Texts): Buffer {
  const sizes = texts.map((text) => (text === null ? 0 : LENGTH_BYTES + Buffer.byteLength(text)));
  const sameBytes = fields.reduce((sum, { length }) => sum + length + 1, head.length);
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, sameBytes));
  let at = head.copy(bytes);
  for (const [index, field] of fields.entries()) {
    at += field.copy(bytes, at);
    const text = texts[index] ?? null;
    at = bytes.writeUInt8(text === null ? ABSENT : PRESENT, at);
    if (text === null) continue;
    at = bytes.writeUInt32BE((sizes[index] ?? LENGTH_BYTES) - LENGTH_BYTES, at);
    at += bytes.write(text, at);
  }
  return bytes;
}

export function blockHash(block: BlockContent): Buffer {
  return headerHash({ ...block, coversHash: coversHash(block.covers) });
}

/** What a block covers in 32 bytes, so that a proof can pass over a block without telling all its rows. */
export function coversHash(covers: readonly Coverage[]): Buffer {
  const parts = [prefixed('piculus covers'), u32(covers.length)];
  for (const { source, afterId, upToId, ids, digests } of covers) {
    parts.push(prefixed(source), u64(afterId), u64(upToId), u32(ids.length), ...ids.map(u64), digests);
  }
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

export function headerHash(block: Omit<BlockContent, 'covers'> & { readonly coversHash: Buffer }): Buffer {
  return createHash('sha256')
    .update(
      Buffer.concat([
        prefixed('piculus block'),
        u64(block.number),
        u32(block.format),
        prefixed(block.madeAt.toISOString()),
        block.previous,
        block.coversHash,
      ]),
    )
    .digest();
}

/** What a checkpoint's signature covers. */
export function checkpointBytes({ block, hash, signedAt }: CheckpointContent): Buffer {
  return Buffer.concat([
    prefixed('piculus checkpoint'),
    u64(block),
    prefixed(signedAt.toISOString()),
    u32(hash.length),
    hash,
  ]);
}

/** The digest of one row in a coverage. */
export function digestAt(digests: Buffer, index: number): Buffer {
  return digests.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}
