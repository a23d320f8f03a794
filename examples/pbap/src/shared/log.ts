/** A minimal logger; programs write JSON lines to stderr, because stdout is for answers. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** @param name which process speaks. */
export function jsonLog(name: string, out: { write(text: string): unknown }, now: () => Date): Log {
  const write =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      out.write(`${JSON.stringify({ time: now().toISOString(), level, name, message, ...fields })}\n`);
    };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
