/** Signs what only the server may ask a client to do. Pure but for the keys that it is given. */
import {
  FIX_SIGNED_WHOLE,
  type FixCommand,
  PiculusError,
  type ServerKeysNews,
  type ServerMessageBody,
} from '@piculus/protocol';
import {
  type Audience,
  fixBytes,
  fixItemBytes,
  previewBytes,
  revealBytes,
  serverKeysBytes,
  signBytes,
} from '@piculus/protocol/signing';
import type { KeyRing, SigningKey } from './key-files.ts';

/** How long a command may be on its way. Longer than any delivery takes, with room for clocks that differ. */
export const COMMAND_VALID_MS = 5 * 60_000;

/** Whom a message is for, and what of the protocol's additions it said that it knows. */
export interface Recipient extends Audience {
  readonly knows: ReadonlySet<string>;
}

export interface Signer {
  /** @throws PiculusError `no-signing-key`. */
  fix(recipient: Recipient, command: FixCommand): FixCommand;
  /** @throws PiculusError `no-signing-key`. */
  preview(audience: Audience, preview: ServerMessageBody<'preview'>): ServerMessageBody<'preview'>;
  /** @throws PiculusError `no-signing-key`. */
  reveal(audience: Audience, reveal: ServerMessageBody<'reveal'>): ServerMessageBody<'reveal'>;
  /** The public keys, signed by each; null where there is none. */
  serverKeys(audience: Audience): ServerKeysNews | null;
}

export function createSigner(ring: () => KeyRing, now: () => Date): Signer {
  const times = (): { notBefore: string; expiresAt: string } => {
    const at = now();
    return {
      notBefore: at.toISOString(),
      expiresAt: new Date(at.getTime() + COMMAND_VALID_MS).toISOString(),
    };
  };
  const active = (): SigningKey => {
    const key = ring().active;
    if (key === null) throw new PiculusError('no-signing-key');
    return key;
  };
  return {
    fix({ knows, ...audience }, command) {
      const { keyId, privateKey } = active();
      const valid = times();
      if (knows.has(FIX_SIGNED_WHOLE)) {
        const signed = { ...command, ...valid, keyId };
        return { ...signed, signature: signBytes(privateKey, fixBytes(audience, signed)) };
      }
      const items = command.items.map((item) => {
        const signed = { ...item, ...valid, keyId };
        return { ...signed, signature: signBytes(privateKey, fixItemBytes(audience, command, signed)) };
      });
      return { ...command, items };
    },
    preview(audience, preview) {
      const { keyId, privateKey } = active();
      const signed = { ...preview, ...times(), keyId };
      return { ...signed, signature: signBytes(privateKey, previewBytes(audience, signed)) };
    },
    reveal(audience, reveal) {
      const { keyId, privateKey } = active();
      const signed = { ...reveal, ...times(), keyId };
      return { ...signed, signature: signBytes(privateKey, revealBytes(audience, signed)) };
    },
    serverKeys(audience) {
      const { keys } = ring();
      if (keys.length === 0) return null;
      const news = { keys: keys.map(({ text }) => text), ...times(), signatures: [] };
      const bytes = serverKeysBytes(audience, news);
      return {
        ...news,
        signatures: keys.map(({ keyId, privateKey }) => ({ keyId, signature: signBytes(privateKey, bytes) })),
      };
    },
  };
}
