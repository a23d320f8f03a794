/** Checkpoints as lines of JSON: what is exported to files and receivers, and read again by a verification. */
import { PiculusError } from '@piculus/protocol';
import { type CheckpointLine, checkpointSchema } from '@piculus/protocol/http';
import type { Checkpoint } from '../store/chain.ts';

export function toLine(checkpoint: Checkpoint): CheckpointLine {
  return {
    version: 1,
    block: checkpoint.block,
    hash: checkpoint.hash.toString('hex'),
    signedAt: checkpoint.signedAt.toISOString(),
    publicKey: checkpoint.publicKey.toString('base64'),
    signature: checkpoint.signature.toString('base64'),
  };
}

export function fromLine(line: CheckpointLine): Checkpoint {
  return {
    block: line.block,
    hash: Buffer.from(line.hash, 'hex'),
    signedAt: new Date(line.signedAt),
    publicKey: Buffer.from(line.publicKey, 'base64'),
    signature: Buffer.from(line.signature, 'base64'),
  };
}

/** @throws PiculusError `invalid-request` naming the first line that is no checkpoint. */
export function readCheckpointLines(text: string): CheckpointLine[] {
  const lines: CheckpointLine[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const checked = checkpointSchema.safeParse(parsed(line));
    if (!checked.success) throw new PiculusError('invalid-request', `line ${index + 1} is no checkpoint`);
    lines.push(checked.data);
  }
  return lines;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
