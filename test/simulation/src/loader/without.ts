/** The mutants behind a module's name: `runner.js?without=journal,fence`. */
const MARK = '?without=';

export const without = (names: readonly string[]): string => `${MARK}${names.join()}`;

/** A module's own name, and what is behind it; empty where the module is as it is. */
export function split(url: string): [path: string, without: string] {
  const at = url.indexOf(MARK);
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at)];
}

export function namesOf(without: string): string[] {
  return without === '' ? [] : without.slice(MARK.length).split(',');
}
