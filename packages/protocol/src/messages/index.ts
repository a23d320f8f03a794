/**
 * The wire: an envelope around one tagged union of messages, JSON text, one message per frame.
 * Delivery is at least once in both directions; every handler must stand a repeat.
 */
import { z } from 'zod';
import { ERROR_CODES } from '../errors.ts';
import { FROM_CLIENT } from './from-client.ts';
import { FROM_SERVER } from './from-server.ts';
import { idSchema, sysCodeSchema, textSchema, timeSchema } from './parts.ts';

export const PROTOCOL_VERSION = 1;

/** "I have it": after its commit where something had to be stored. */
export const ackSchema = z.strictObject({ re: idSchema });
/** "I will not": `re` names the message it answers, where that could be read. */
export const errorSchema = z.strictObject({
  re: idSchema.optional(),
  code: z.enum(ERROR_CODES),
  detail: textSchema,
  retryable: z.boolean(),
});

const BOTH_WAYS = { ack: ackSchema, error: errorSchema } as const;
export const CLIENT_MESSAGES = { ...FROM_CLIENT, ...BOTH_WAYS } as const;
export const SERVER_MESSAGES = { ...FROM_SERVER, ...BOTH_WAYS } as const;

export type ClientMessageType = keyof typeof CLIENT_MESSAGES;
export type ServerMessageType = keyof typeof SERVER_MESSAGES;
export type ClientMessageBody<T extends ClientMessageType> = z.infer<(typeof CLIENT_MESSAGES)[T]>;
export type ServerMessageBody<T extends ServerMessageType> = z.infer<(typeof SERVER_MESSAGES)[T]>;

/** Fields around every message. A message never says which system it is from: the connection does. */
const envelopeFields = {
  v: z.literal(PROTOCOL_VERSION),
  id: idSchema,
  at: timeSchema,
  /** Must be the connection's system where given; anything else is refused as `wrong-system`. */
  sysCode: sysCodeSchema.optional(),
};

/** @returns the schema of a whole message of one type. */
export function messageSchema<T extends string, B extends z.ZodType>(type: T, body: B) {
  return z.strictObject({ ...envelopeFields, type: z.literal(type), body });
}

export interface Envelope<T extends string, B> {
  readonly v: typeof PROTOCOL_VERSION;
  readonly id: string;
  readonly at: string;
  readonly sysCode?: string | undefined;
  readonly type: T;
  readonly body: B;
}
export type ClientMessage = {
  [T in ClientMessageType]: Envelope<T, ClientMessageBody<T>>;
}[ClientMessageType];
export type ServerMessage = {
  [T in ServerMessageType]: Envelope<T, ServerMessageBody<T>>;
}[ServerMessageType];

export * from './from-client.ts';
export * from './from-server.ts';
export * from './parts.ts';
