/**
 * Who opens a link, and the key of its packets. Both sides know the SHA-256 of the system's key: the client has
 * the key, the server keeps its hash. Neither ever travels, so whoever carries the packets cannot speak for anybody.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Ids of links, nodes and nonces: safe in a subject, and long enough that none comes twice. */
export const LINK_TOKEN = /^[A-Za-z0-9]{16,64}$/;

const KEY_BYTES = 32;

export interface Opening {
  readonly sysCode: string;
  /** Made by the client, anew for each try. */
  readonly link: string;
}

export interface Opened extends Opening {
  /** Where packets of the client go to. */
  readonly node: string;
  /** Made by the server, anew for each link: an opening that somebody repeats has another key, and is of no use. */
  readonly nonce: string;
}

/** What the server keeps of a system's key. */
export function hashSystemKey(systemKey: string): Buffer {
  return createHash('sha256').update(systemKey).digest();
}

/** The client's proof that it has the key, in base64url. */
export function proveOpening(keyHash: Uint8Array, { sysCode, link }: Opening): string {
  return prove(keyHash, ['piculus open', sysCode, link]);
}

/** The server's proof that it has the hash, in base64url. */
export function proveOpened(keyHash: Uint8Array, { sysCode, link, node, nonce }: Opened): string {
  return prove(keyHash, ['piculus opened', sysCode, link, node, nonce]);
}

/** Compares in the same time wherever the difference is. */
export function sameProof(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The key of one link's packets. */
export function linkKey(keyHash: Uint8Array, { sysCode, link, node, nonce }: Opened): Buffer {
  const info = JSON.stringify(['piculus link', sysCode, link, node, nonce]);
  return Buffer.from(hkdfSync('sha256', keyHash, nonce, info, KEY_BYTES));
}

/** A list has one spelling, so that no two openings share a proof. */
function prove(keyHash: Uint8Array, parts: readonly string[]): string {
  return createHmac('sha256', keyHash).update(JSON.stringify(parts)).digest('base64url');
}
