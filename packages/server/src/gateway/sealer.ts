/** Signs what is to be signed at the last moment before it goes out; everything else stays as it is. */
import type { ServerMessageBody, ServerMessageType } from '@piculus/protocol';
import type { Recipient, Signer } from '../keys/signer.ts';

type Seal<T extends ServerMessageType> = (
  recipient: Recipient,
  body: ServerMessageBody<T>,
) => ServerMessageBody<T>;
export type Sealer = { readonly [T in ServerMessageType]?: Seal<T> };

/** What is not in the table makes no fix run and goes out as it is. Its members throw PiculusError `no-signing-key`. */
export function createSealer({ fix, preview, reveal }: Signer): Sealer {
  return { fix, preview, reveal };
}
