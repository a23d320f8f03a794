/** Everything that is published from the one source, as files: what `schemas/` has to hold. */
import type { z } from 'zod';
import { asyncApiDocument } from './async-api.ts';
import { DIRECTIONS_OF_MESSAGES, jsonSchemaOf, type MessageOrigin } from './json-schemas.ts';
import { protocolTables } from './tables.ts';

/** @returns the text of each file, by its path below `schemas/`. */
export function publishedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const add = (path: string, value: unknown): void => {
    files.set(path, `${JSON.stringify(value, null, 2)}\n`);
  };
  for (const origin of Object.keys(DIRECTIONS_OF_MESSAGES) as MessageOrigin[]) {
    const bodies: Readonly<Record<string, z.ZodType>> = DIRECTIONS_OF_MESSAGES[origin];
    for (const [type, body] of Object.entries(bodies))
      add(`${origin}/${type}.json`, jsonSchemaOf(origin, type, body));
  }
  add('asyncapi.json', asyncApiDocument());
  add('tables.json', protocolTables());
  return files;
}
