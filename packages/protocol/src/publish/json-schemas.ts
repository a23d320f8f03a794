/** The wire as JSON Schemas (draft 7), one file per message, made from the zod source. */
import { z } from 'zod';
import { CLIENT_MESSAGES, messageSchema, PROTOCOL_VERSION, SERVER_MESSAGES } from '../messages/index.ts';

export const DIRECTIONS_OF_MESSAGES = {
  'from-client': CLIENT_MESSAGES,
  'from-server': SERVER_MESSAGES,
} as const;
export type MessageOrigin = keyof typeof DIRECTIONS_OF_MESSAGES;

/** A JSON Schema of one whole message, envelope included. */
export function jsonSchemaOf(origin: MessageOrigin, type: string, body: z.ZodType): Record<string, unknown> {
  const schema = z.toJSONSchema(messageSchema(type, body), { target: 'draft-7', io: 'input' });
  const { $schema, ...rest } = schema;
  return {
    $schema,
    $id: `urn:piculus:protocol:${PROTOCOL_VERSION}:${origin}:${type}`,
    title: `${type}, ${origin.replace('-', ' ')}`,
    ...rest,
  };
}
