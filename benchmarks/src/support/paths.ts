import { fileURLToPath } from 'node:url';

/** @returns the absolute path of a file that is given relative to the root of the repository. */
export function fromRoot(path: string): string {
  // Both the sources' and the built files' folder are so deep: benchmarks/dist/support.
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}
