/**
 * The key that signs checkpoints: Ed25519, in a file beside the server and never in the database, so that whoever
 * can write the database cannot sign.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '../store/chain.ts';
import { checkpointBytes, type CheckpointContent } from './encoding.ts';

const FILE = 'audit-key.pem';
const RAW_KEY_BYTES = 32;

export interface CheckpointKey {
  /** 32 raw bytes. */
  readonly publicKey: Buffer;
  sign(content: CheckpointContent): Checkpoint;
}

/**
 * Reads the key of the data directory, and makes it at the first start; a `file` that somebody else keeps is only read.
 * @throws Error where the file can be read by others, holds no such key, or cannot be read or written.
 */
export async function loadCheckpointKey(dataDir: string, file: string | null = null): Promise<CheckpointKey> {
  if (file !== null) return readKey(file);
  const path = join(dataDir, FILE);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      const { privateKey } = generateKeyPairSync('ed25519');
      await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
      await file.sync();
      return keyOf(privateKey);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readKey(path);
}

async function readKey(path: string): Promise<CheckpointKey> {
  const { mode } = await stat(path);
  // Windows has no such bits.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new Error(`${path} can be read by others; make it yours alone: chmod 600 ${path}`);
  }
  return keyOf(privateKeyIn(await readFile(path, 'utf8'), path));
}

/** @returns the public key of the data directory, or of the file; null where there is none. */
export async function readCheckpointPublicKey(
  dataDir: string,
  file: string | null = null,
): Promise<Buffer | null> {
  const path = file ?? join(dataDir, FILE);
  const text = await readFile(path, 'utf8').catch(() => null);
  return text === null ? null : rawPublicKey(createPublicKey(privateKeyIn(text, path)));
}

function privateKeyIn(text: string, path: string): KeyObject {
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Told below, without repeating what the file holds.
  }
  throw new Error(`${path} holds no Ed25519 key`);
}

export function keyOf(privateKey: KeyObject): CheckpointKey {
  const publicKey = rawPublicKey(createPublicKey(privateKey));
  return {
    publicKey,
    sign: (content) => ({
      block: content.block,
      hash: content.hash,
      signedAt: content.signedAt,
      publicKey,
      signature: sign(null, checkpointBytes(content), privateKey),
    }),
  };
}

function rawPublicKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

/** Whether the checkpoint was signed by the key that it names. */
export function isSigned(checkpoint: Checkpoint): boolean {
  if (checkpoint.publicKey.length !== RAW_KEY_BYTES) return false;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: checkpoint.publicKey.toString('base64url') };
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return verify(null, checkpointBytes(checkpoint), key, checkpoint.signature);
  } catch {
    // Not every 32 bytes are a key.
    return false;
  }
}
