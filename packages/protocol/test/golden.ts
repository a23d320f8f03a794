/** Reads the frozen example messages. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CLIENT_MESSAGES, messageSchema, SERVER_MESSAGES } from '../src/index.ts';

const folder = fileURLToPath(new URL('../golden/', import.meta.url));

export interface Golden {
  /** For instance `from-client/hello.reconnect`. */
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

export type Origin = 'from-client' | 'from-server';
export const ORIGINS: readonly Origin[] = ['from-client', 'from-server'];

export function goldenMessages(origin: Origin): Golden[] {
  return readdirSync(`${folder}${origin}`).map((file) => ({
    name: `${origin}/${file.replace(/\.json$/, '')}`,
    type: file.split('.')[0] ?? '',
    text: readFileSync(`${folder}${origin}/${file}`, 'utf8'),
  }));
}

export const refusedSchema = z.strictObject({ why: z.string(), code: z.string(), frame: z.string() });

export function refusedFrames(): Array<z.infer<typeof refusedSchema> & { name: string }> {
  return readdirSync(`${folder}refused`).map((file) => ({
    name: file,
    ...refusedSchema.parse(JSON.parse(readFileSync(`${folder}refused/${file}`, 'utf8'))),
  }));
}

export function bodySchemas(origin: Origin): Readonly<Record<string, z.ZodType>> {
  return origin === 'from-client' ? CLIENT_MESSAGES : SERVER_MESSAGES;
}

/** The zod schema of a whole message, or undefined for a type that does not exist. */
export function wholeSchema(origin: Origin, type: string): z.ZodType | undefined {
  const body = Object.hasOwn(bodySchemas(origin), type) ? bodySchemas(origin)[type] : undefined;
  return body === undefined ? undefined : messageSchema(type, body);
}
