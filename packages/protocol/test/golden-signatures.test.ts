/** The frozen signed messages can be checked from the golden files alone, as a client in another language would. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { factsSchema, type ServerMessage, type SERVER_MESSAGES } from '../src/index.ts';
import {
  type Audience,
  canonicalJson,
  evidenceHash,
  fixBytes,
  fixItemBytes,
  isSignedBy,
  previewBytes,
  readServerKey,
  revealBytes,
  serverKeyOf,
  serverKeysBytes,
} from '../src/signing/index.ts';
import { wholeSchema } from './golden.ts';

const folder = fileURLToPath(new URL('../golden/', import.meta.url));
const json = (path: string): unknown => JSON.parse(readFileSync(folder + path, 'utf8'));
const golden = z
  .object({
    audience: z.object({ sysCode: z.string(), clientId: z.string() }),
    privateKeySeed: z.string(),
    serverKey: z.string(),
    keyId: z.string(),
    evidence: z.object({ facts: factsSchema, canonical: z.string(), hash: z.string() }),
    cases: z.array(z.object({ message: z.string(), canonical: z.string() })).min(6),
  })
  .parse(json('signing.json'));
const key = readServerKey(golden.serverKey);

/** What is signed of a message, and the signatures over it. */
function signedOf(
  message: ServerMessage,
  audience: Audience,
): { bytes: Uint8Array; signature: string | undefined; keyId: string | undefined }[] {
  switch (message.type) {
    case 'fix':
      if (message.body.signature !== undefined)
        return [{ ...pick(message.body), bytes: fixBytes(audience, message.body) }];
      return message.body.items.map((item) => ({
        bytes: fixItemBytes(audience, message.body, item),
        signature: item.signature,
        keyId: item.keyId,
      }));
    case 'preview':
      return [{ ...pick(message.body), bytes: previewBytes(audience, message.body) }];
    case 'reveal':
      return [{ ...pick(message.body), bytes: revealBytes(audience, message.body) }];
    case 'server-keys':
      return message.body.signatures.map((each) => ({
        ...each,
        bytes: serverKeysBytes(audience, message.body),
      }));
    default:
      throw new Error(`${message.type} is not signed`);
  }
}
const pick = ({ signature, keyId }: { signature?: string | undefined; keyId?: string | undefined }) => ({
  signature,
  keyId,
});

describe('the golden signatures', () => {
  it('are by the key of the golden seed', () => {
    const der = Buffer.from(`302e020100300506032b657004220420${golden.privateKeySeed}`, 'hex');
    const made = serverKeyOf(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    expect([made.text, made.keyId]).toEqual([golden.serverKey, golden.keyId]);
  });

  it('bind to the evidence of the golden facts', () => {
    const { facts, canonical, hash } = golden.evidence;
    expect([canonicalJson(facts), evidenceHash(facts)]).toEqual([canonical, hash]);
  });

  it.each(golden.cases.map((each) => [each.message, each] as const))('fit %s', (path, { canonical }) => {
    const type = path.replace('from-server/', '').split('.')[0] ?? '';
    const message = wholeSchema('from-server', type)?.parse(json(path)) as ServerMessage & {
      type: keyof typeof SERVER_MESSAGES;
    };
    const [first] = signedOf(message, golden.audience);
    expect(Buffer.from(first?.bytes ?? []).toString('hex')).toBe(canonical);
    expect(first?.keyId).toBe(golden.keyId);
    expect(isSignedBy(key, first?.bytes ?? new Uint8Array(), first?.signature ?? '')).toBe(true);
  });
});
