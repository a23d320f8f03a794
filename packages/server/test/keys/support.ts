import { generateKeyPairSync } from 'node:crypto';
import { serverKeyOf } from '@piculus/protocol/signing';
import { createSigner, type Signer } from '../../src/keys/signer.ts';

/** A signer with a key that nobody keeps. */
export function testSigner(): Signer {
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = { ...serverKeyOf(privateKey), privateKey, createdAt: new Date(0) };
  return createSigner(
    () => ({ keys: [key], active: key }),
    () => new Date(),
  );
}
