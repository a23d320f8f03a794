/**
 * Runs in the loader's own thread: hands modules over with their patches applied. A module that is asked for with the
 * names of mutants behind it (`?without=journal`) is loaded again with their changes, and with it all that leads from
 * there to a changed module; the rest is shared with who has loaded it before.
 */
import { mutantOf } from '../mutants.ts';
import { applyPatches, type Patch } from './patches.ts';
import { namesOf, split } from './without.ts';

type Loaded = { readonly source?: string | Uint8Array | ArrayBuffer | null; readonly format: string };
type NextLoad = (url: string, context: object) => Promise<Loaded>;
interface Resolved {
  readonly url: string;
}
type NextResolve = (specifier: string, context: object) => Promise<Resolved>;

let patches: readonly Patch[] = [];
/** By module, those that import it; only of modules that are loaded as they are. */
const importers = new Map<string, Set<string>>();

export function initialize(given: { readonly patches: readonly Patch[] }): void {
  patches = given.patches;
}

const SERVER = new URL('../../../../packages/server/dist/', import.meta.url);

/** The rooms of the server are not among its exports; in here they are named `@server/…`. */
export async function resolve(
  specifier: string,
  context: { readonly parentURL?: string | undefined },
  next: NextResolve,
): Promise<Resolved> {
  const inside = specifier.startsWith('@server/') ? specifier.slice('@server/'.length) : null;
  const resolved = await next(inside === null ? specifier : new URL(inside, SERVER).href, context);
  const { parentURL } = context;
  const [path, own] = split(resolved.url);
  if (parentURL === undefined || !path.startsWith('file:')) return resolved;
  if (own !== '') return reaches(path, own) ? resolved : unreached(path, own);
  const [, inherited] = split(parentURL);
  if (inherited !== '') return reaches(path, inherited) ? { ...resolved, url: path + inherited } : resolved;
  importersOf(path).add(parentURL);
  return resolved;
}

export async function load(url: string, context: object, nextLoad: NextLoad): Promise<Loaded> {
  const loaded = await nextLoad(url, context);
  const [path, without] = split(url);
  const all = [...patches, ...patchesOf(without)];
  if (!path.startsWith('file:') || !all.some(({ file }) => path.endsWith(file))) return loaded;
  const source =
    typeof loaded.source === 'string' ? loaded.source : Buffer.from(asBytes(loaded.source)).toString('utf8');
  return { ...loaded, source: applyPatches(path, source, all) };
}

function patchesOf(without: string): Patch[] {
  return namesOf(without).flatMap((name) => [...mutantOf(name).patches]);
}

/** Whether a module is changed, or imports one that is, however far away. */
function reaches(path: string, without: string): boolean {
  let changed = changes.get(without);
  if (changed === undefined) {
    changed = changedBy(patchesOf(without));
    changes.set(without, changed);
  }
  return changed.has(path);
}
const changes = new Map<string, ReadonlySet<string>>();

function changedBy(made: readonly Patch[]): ReadonlySet<string> {
  const changed = new Set<string>();
  const waiting = made.flatMap(({ file }) => {
    const found = [...importers.keys()].filter((path) => path.endsWith(file));
    if (found.length === 0)
      throw new Error(`${file}: nothing has loaded it, so that no change of it is seen`);
    return found;
  });
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (changed.has(path)) continue;
    changed.add(path);
    waiting.push(...importersOf(path));
  }
  return changed;
}

function importersOf(path: string): Set<string> {
  let found = importers.get(path);
  if (found === undefined) {
    found = new Set();
    importers.set(path, found);
  }
  return found;
}

function unreached(path: string, without: string): never {
  throw new Error(`${path}: what is changed for ${without} is not among what it imports`);
}

function asBytes(source: Loaded['source']): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  throw new Error('a module came without its source');
}
