/** Signs what a test server sends, with a key of its own. */
import { generateKeyPairSync } from 'node:crypto';
import type { ServerMessageBody, ServerMessageType } from '@piculus/protocol';
import {
  type Audience,
  fixBytes,
  fixItemBytes,
  previewBytes,
  revealBytes,
  serverKeyOf,
  signBytes,
} from '@piculus/protocol/signing';

type Seal<T extends ServerMessageType> = (
  audience: Audience,
  body: ServerMessageBody<T>,
) => ServerMessageBody<T>;

export interface TestSigner {
  readonly serverKey: string;
  /** Adds what is missing of a signature; what is signed already stays as it is. */
  readonly seal: { readonly [T in ServerMessageType]?: Seal<T> };
}

/** Valid for as long as any test's clock can show. */
const VALID = { notBefore: '2000-01-01T00:00:00.000Z', expiresAt: '2100-01-01T00:00:00.000Z' };

export function createTestSigner(): TestSigner {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { keyId, text } = serverKeyOf(privateKey);
  const sealed = <B extends { readonly signature?: string | undefined }>(
    body: B,
    bytesOf: (signed: B) => Uint8Array,
  ): B => {
    if (body.signature !== undefined) return body;
    const signed = { ...VALID, keyId, ...body };
    return { ...signed, signature: signBytes(privateKey, bytesOf(signed)) };
  };
  return {
    serverKey: text,
    seal: {
      // Signed once for the whole message, as a server does for a client of today; unless somebody signed its items.
      fix: (audience, command) =>
        command.items.some((item) => item.signature !== undefined)
          ? {
              ...command,
              items: command.items.map((item) =>
                sealed(item, (signed) => fixItemBytes(audience, command, signed)),
              ),
            }
          : sealed(command, (signed) => fixBytes(audience, signed)),
      preview: (audience, preview) => sealed(preview, (signed) => previewBytes(audience, signed)),
      reveal: (audience, reveal) => sealed(reveal, (signed) => revealBytes(audience, signed)),
    },
  };
}
