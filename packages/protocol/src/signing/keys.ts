/**
 * Keys and signatures: Ed25519 and nothing else. A key's id is made from the key itself, so it cannot name another
 * one, and a text that is not the one spelling of its bytes is refused.
 */
import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';

const PREFIX = 'ed25519:';
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const KEY_ID_CHARACTERS = 16;

export interface ServerKey {
  readonly keyId: string;
  /** `ed25519:` and the 32 bytes of the public key in base64url. */
  readonly text: string;
  readonly publicKey: KeyObject;
}

/** @throws TypeError where it is no Ed25519 public key in its one spelling. */
export function readServerKey(text: string): ServerKey {
  const raw = text.startsWith(PREFIX) ? exactBytes(text.slice(PREFIX.length), KEY_BYTES) : null;
  if (raw === null)
    throw new TypeError(`"${text.slice(0, 64)}" is no key of a server: ${PREFIX} and 43 characters`);
  const x = raw.toString('base64url');
  return {
    keyId: keyIdOf(raw),
    text: `${PREFIX}${x}`,
    publicKey: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
  };
}

/** The public half of a private key. @throws TypeError where it is no Ed25519 key. */
export function serverKeyOf(privateKey: KeyObject): ServerKey {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (privateKey.asymmetricKeyType !== 'ed25519' || typeof x !== 'string')
    throw new TypeError('a signing key must be an Ed25519 key');
  return readServerKey(`${PREFIX}${x}`);
}

/** @returns the signature in base64url. */
export function signBytes(privateKey: KeyObject, bytes: Uint8Array): string {
  return sign(null, bytes, privateKey).toString('base64url');
}

/** Never throws: what is not the one spelling of a signature is not valid. */
export function isSignedBy({ publicKey }: ServerKey, bytes: Uint8Array, signature: string): boolean {
  const raw = exactBytes(signature, SIGNATURE_BYTES);
  return raw !== null && verify(null, bytes, publicKey, raw);
}

function keyIdOf(raw: Uint8Array): string {
  return hash('sha256', raw, 'hex').slice(0, KEY_ID_CHARACTERS);
}

/** Decoding base64url takes many spellings for the same bytes; only one of them is taken here. */
function exactBytes(text: string, size: number): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === size && bytes.toString('base64url') === text ? bytes : null;
}
