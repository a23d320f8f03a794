/**
 * Links over NATS: names of subjects, streams and consumers, what each user may do, and the two messages that open a
 * link. Nothing here is newer than nats-server 2.9.
 */
import { z } from 'zod';
import { LINK_TOKEN } from './proof.ts';
import { sysCodeSchema } from '../messages/parts.ts';

export const NATS_VERSION_MIN = '2.9.0';
/** Of one packet with its subjects and headers. NATS takes a megabyte where nothing else is set. */
export const NATS_PAYLOAD_BYTES_MIN = 524_288;
export const NATS_STREAM_BYTES = { up: 67_108_864, down: 16_777_216 } as const;
/** The server's own user; systems have names in capitals. */
export const NATS_SERVER_USER = 'server';
/** Accounts of NATS: one for the servers with all streams, one for each system. */
export const NATS_SERVER_ACCOUNT = 'servers';
export const natsAccount = (sysCode: string): string => `system-${sysCode}`;
export const NATS_UP_STREAM = 'PICULUS_UP';
/** A packet that nobody took for so long is of a link that is gone. */
export const NATS_PACKET_AGE_MS = 5 * 60_000;

/** So long a stream may take to say that it took a packet. */
export const NATS_PUT_MS = 5_000;

/** JetStream's numbers for a stream that takes no more at the moment. */
const FULL: ReadonlySet<number> = new Set([10077, 10167, 10026]);

/** `full`: the stream has no room; `timeout`: no answer, so it may be there; `lost`: no stream, or no connection. */
export type NatsNotTaken = 'full' | 'timeout' | 'lost';

/**
 * Why a packet was not taken.
 * @param error what its publishing failed with.
 * @param code JetStream's number for it; null where JetStream did not answer.
 */
export function whyNotTaken(error: unknown, code: number | null): NatsNotTaken {
  if (code !== null) return FULL.has(code) ? 'full' : 'lost';
  return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'lost';
}

export const natsDownStream = (sysCode: string): string => `PICULUS_DOWN_${sysCode}`;
export const natsLinkConsumer = (link: string): string => `L_${link}`;
export const natsNodeConsumer = (node: string): string => `N_${node}`;

export const natsSubjects = {
  open: (sysCode: string): string => `piculus.${sysCode}.open`,
  opened: (sysCode: string, link: string): string => `piculus.${sysCode}.opened.${link}`,
  down: (sysCode: string, link: string): string => `piculus.${sysCode}.down.${link}`,
  up: (sysCode: string, node: string, link: string): string => `piculus.${sysCode}.up.${node}.${link}`,
  hint: 'piculus.nodes.hint',
} as const;

/** Where answers to this user's own requests come to; nobody else may listen there. */
export const natsInbox = (user: string): string => `_INBOX_${user}`;

export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Everything that clients of a system may do; everything else is refused. */
export function natsSystemPermissions(sysCode: string): NatsPermissions {
  const stream = natsDownStream(sysCode);
  return {
    publish: [
      natsSubjects.open(sysCode),
      natsSubjects.up(sysCode, '*', '*'),
      `$JS.API.CONSUMER.INFO.${stream}.*`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
      `$JS.ACK.${stream}.>`,
    ],
    subscribe: [`${natsInbox(sysCode)}.>`, natsSubjects.opened(sysCode, '*')],
  };
}

/** The servers need an account of their own in NATS: in it they rule all streams. */
export function natsServerPermissions(): NatsPermissions {
  return {
    publish: [
      'piculus.*.opened.*',
      'piculus.*.down.*',
      natsSubjects.hint,
      '$JS.API.>',
      `$JS.ACK.${NATS_UP_STREAM}.>`,
    ],
    subscribe: ['piculus.*.open', natsSubjects.hint, `${natsInbox(NATS_SERVER_USER)}.>`],
  };
}

const token = z.string().regex(LINK_TOKEN);
const proof = z.string().max(64);

/** From a client: it wants a link of this id. */
export const openRequestSchema = z.object({ v: z.literal(1), link: token, proof });
export type OpenRequest = z.infer<typeof openRequestSchema>;

/** The server's answer. A refusal cannot be proved: who does not know the key shares nothing with the server. */
export const openAnswerSchema = z.union([
  z.object({ v: z.literal(1), node: token, nonce: token, proof }),
  z.object({ v: z.literal(1), refused: z.string().max(64) }),
]);
export type OpenAnswer = z.infer<typeof openAnswerSchema>;

/** Reads one of the two messages; null where it is not one. */
export function readOpening<T>(schema: z.ZodType<T>, bytes: Uint8Array): T | null {
  if (bytes.length > 2_048) return null;
  try {
    return schema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}

/** @returns the system code and link of a subject of `open`, `up` and their like; null where it is none. */
export function readSubject(
  subject: string,
): { sysCode: string; kind: string; tokens: readonly string[] } | null {
  const [head, sysCode = '', kind = '', ...tokens] = subject.split('.');
  if (head !== 'piculus' || !sysCodeSchema.safeParse(sysCode).success) return null;
  return { sysCode, kind, tokens };
}
