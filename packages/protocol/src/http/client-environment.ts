/** What a new client's environment needs, as one line to be pasted before a command or behind `export`. */
export function clientEnvironment(made: {
  readonly key: string;
  readonly serverKeys: readonly string[];
}): string {
  return `PICULUS_SYSTEM_KEY=${made.key} PICULUS_SERVER_KEYS=${made.serverKeys.join(',')}`;
}
