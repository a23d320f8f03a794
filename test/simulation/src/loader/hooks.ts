/** Runs in the loader's own thread: hands modules over with their patches applied. */
import { applyPatches, type Patch } from './patches.ts';

type Loaded = { readonly source?: string | Uint8Array | ArrayBuffer | null; readonly format: string };
type NextLoad = (url: string, context: object) => Promise<Loaded>;

let patches: readonly Patch[] = [];

export function initialize(given: { readonly patches: readonly Patch[] }): void {
  patches = given.patches;
}

const SERVER = new URL('../../../../packages/server/dist/', import.meta.url);

/** The rooms of the server are not among its exports; in here they are named `@server/…`. */
export function resolve(
  specifier: string,
  context: object,
  next: (specifier: string, context: object) => Promise<object>,
): Promise<object> {
  const inside = specifier.startsWith('@server/') ? specifier.slice('@server/'.length) : null;
  return next(inside === null ? specifier : new URL(inside, SERVER).href, context);
}

export async function load(url: string, context: object, nextLoad: NextLoad): Promise<Loaded> {
  const loaded = await nextLoad(url, context);
  if (!url.startsWith('file:') || !patches.some(({ file }) => url.endsWith(file))) return loaded;
  const source =
    typeof loaded.source === 'string' ? loaded.source : Buffer.from(asBytes(loaded.source)).toString('utf8');
  return { ...loaded, source: applyPatches(url, source, patches) };
}

function asBytes(source: Loaded['source']): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  throw new Error('a module came without its source');
}
