/** Changes to built code that are made while it is loaded: seams that a simulation needs, and mutants. */
export interface Patch {
  /** End of the file's path, below the root of the repository. */
  readonly file: string;
  /** Must be there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/**
 * What is costly to make again for every simulated process. It is kept at the function that makes it: a mutant of that
 * function has its own.
 */
export const SEAMS: readonly Patch[] = [
  {
    file: 'packages/client/dist/connection/connection.js',
    find: '#read = createMessageReader();',
    replace: '#read = (createMessageReader.made ??= createMessageReader());',
  },
  {
    file: 'packages/server/dist/gateway/gateway.js',
    find: 'validator: createMessageValidator(),',
    replace: 'validator: (createMessageValidator.made ??= createMessageValidator()),',
  },
  {
    file: 'packages/server/dist/solutions/quartz.js',
    find: 'const first = schedule.next(after);',
    replace: [
      'const ticks = (previousTick.made ??= new Map());',
      'const tickKey = [cron, timeZone, after.getTime()].join();',
      'if (!ticks.has(tickKey)) ticks.set(tickKey, schedule.next(after));',
      'const first = ticks.get(tickKey);',
    ].join('\n    '),
  },
  {
    file: 'packages/server/dist/solutions/quartz.js',
    find: 'return schedule.previous(before) ?? first;',
    replace: [
      "const beforeKey = [cron, timeZone, before.getTime(), 'before'].join();",
      'if (!ticks.has(beforeKey)) ticks.set(beforeKey, schedule.previous(before));',
      'return ticks.get(beforeKey) ?? first;',
    ].join('\n    '),
  },
];

/** @throws Error where the text is not there exactly once, because the code has changed since. */
export function applyPatches(path: string, source: string, patches: readonly Patch[]): string {
  let text = source;
  for (const { file, find, replace } of patches) {
    if (!path.endsWith(file)) continue;
    const parts = text.split(find);
    if (parts.length !== 2) {
      throw new Error(`${file}: the text to change is there ${parts.length - 1} times, not once:\n${find}`);
    }
    text = parts.join(replace);
  }
  return text;
}
