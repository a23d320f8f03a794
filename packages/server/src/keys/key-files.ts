/**
 * Signing keys as files: `<key id>.pem` each, and `active`, which names the one in use. The files are the truth:
 * nodes that share the folder see each other's changes, and whoever has only the database has no key.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServerKey, serverKeyOf } from '@piculus/protocol/signing';
import { StartError } from '../start-error.ts';

export interface SigningKey extends ServerKey {
  readonly privateKey: KeyObject;
  readonly createdAt: Date;
}

export interface KeyRing {
  /** Oldest first. */
  readonly keys: readonly SigningKey[];
  /** Null where the key in use is not there: nothing can be signed until another one is used. */
  readonly active: SigningKey | null;
}

const ACTIVE = 'active';
const KEY_FILE = /^([0-9a-f]{16})\.pem$/;

/**
 * Reads the folder, and makes the first key where it holds none and names none.
 * @throws StartError where a file can be read by others, or holds no key.
 */
export async function openKeyFolder(folder: string): Promise<KeyRing> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ring = await readKeyFolder(folder);
  if (ring.keys.length > 0 || (await activeId(folder)) !== null) return ring;
  const made = await addKeyFile(folder);
  if (await nameFirst(folder, made.keyId)) return { keys: [made], active: made };
  // Another node that shares the folder was first.
  await removeKeyFile(folder, made.keyId);
  return readKeyFolder(folder);
}

/** @throws StartError as `openKeyFolder`. */
export async function readKeyFolder(folder: string): Promise<KeyRing> {
  const names = (await readdir(folder)).filter((name) => KEY_FILE.test(name));
  const keys = await Promise.all(names.map((name) => readKeyFile(join(folder, name))));
  keys.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  for (const [index, { keyId }] of keys.entries()) {
    if (!names.includes(`${keyId}.pem`))
      throw unusable(folder, `${names[index] ?? ''} holds another key than its name says`);
  }
  const wanted = await activeId(folder);
  // A start that was cut between making the first key and naming it.
  const only = wanted === null && keys.length === 1 ? keys[0] : undefined;
  return { keys, active: only ?? keys.find(({ keyId }) => keyId === wanted) ?? null };
}

/** @throws StartError where it can be read by others, or holds no Ed25519 key. */
export async function readKeyFile(path: string): Promise<SigningKey> {
  const { mode, birthtime, mtime } = await stat(path).catch((error: unknown) => {
    throw unusable(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  // Windows has no such bits; there the folder's own rights protect it.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw unusable(
      path,
      'can be read by others than its owner; chmod 600 it, and replace the key if they could',
    );
  try {
    const privateKey = createPrivateKey(await readFile(path, 'utf8'));
    const createdAt = birthtime.getTime() > 0 ? birthtime : mtime;
    return { ...serverKeyOf(privateKey), privateKey, createdAt };
  } catch (error) {
    throw unusable(
      path,
      `holds no Ed25519 private key (${error instanceof Error ? error.message : 'unreadable'})`,
    );
  }
}

export async function addKeyFile(folder: string): Promise<SigningKey> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const path = join(folder, `${serverKeyOf(privateKey).keyId}.pem`);
  await writeWhole(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return readKeyFile(path);
}

export async function useKeyFile(folder: string, keyId: string): Promise<void> {
  await writeWhole(join(folder, ACTIVE), `${keyId}\n`);
}

/** @returns false where a key is named already. */
async function nameFirst(folder: string, keyId: string): Promise<boolean> {
  try {
    const file = await open(join(folder, ACTIVE), 'wx', 0o600);
    try {
      await file.writeFile(`${keyId}\n`);
      await file.sync();
      return true;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

export async function removeKeyFile(folder: string, keyId: string): Promise<void> {
  await rm(join(folder, `${keyId}.pem`), { force: true });
}

async function activeId(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, ACTIVE), 'utf8').catch(() => '');
  return text.trim() === '' ? null : text.trim();
}

/** Written beside, flushed and moved into place, so that a cut leaves the old one whole. */
async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

function unusable(path: string, detail: string): StartError {
  return new StartError('signing-key-unusable', `${path}: ${detail}`);
}
