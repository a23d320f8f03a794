/** Signs what is to be signed at the last moment before it goes out; everything else stays as it is. */
import type { ServerMessageBody, ServerMessageType } from '@piculus/protocol';
import type { Audience } from '@piculus/protocol/signing';
import type { Signer } from '../keys/signer.ts';

type Seal<T extends ServerMessageType> = (
  audience: Audience,
  body: ServerMessageBody<T>,
) => ServerMessageBody<T>;
export type Sealer = { readonly [T in ServerMessageType]: Seal<T> };

/** Its members throw PiculusError `no-signing-key`. */
export function createSealer(signer: Signer): Sealer {
  const asItIs = <B>(_audience: Audience, body: B): B => body;
  return {
    fix: signer.fix,
    preview: signer.preview,
    reveal: signer.reveal,
    welcome: asItIs,
    collect: asItIs,
    'cancel-collect': asItIs,
    'server-keys': asItIs,
    ack: asItIs,
    error: asItIs,
  };
}
