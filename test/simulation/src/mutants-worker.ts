/**
 * Tries mutants, one after another, for the process that asks: what a mutant leaves as it is, is loaded once for all
 * of them. It is asked with the arguments of `main.ts`, and answers with the first seed in which something broke.
 */
import { register } from 'node:module';
import { SEAMS } from './loader/patches.ts';
import { without } from './loader/without.ts';
import { mutantOf } from './mutants.ts';
import { type Options, readOptions } from './options.ts';

/** The invariant that broke first, and in which seed; null where all held. */
export interface Answer {
  readonly caught: string | null;
  readonly seed: number | null;
}

register('./loader/hooks.js', import.meta.url, { data: { patches: SEAMS } });
// The loader has to know who imports what, before it can tell what a mutant changes.
const { loadCluster } = await import('./world.ts');
const plain = await import('./runner.ts');
await loadCluster();

process.on('message', (asked) => {
  if (!Array.isArray(asked) || !asked.every((each) => typeof each === 'string')) {
    throw new Error('asked for what is no list of arguments');
  }
  void answer(readOptions(asked));
});

async function answer(options: Options): Promise<void> {
  const { firstBroken } = await changed(options.mutants);
  const broken = await firstBroken(options);
  const told: Answer = { caught: broken?.violation?.invariant ?? null, seed: broken?.seed ?? null };
  process.send?.(told);
}

/** Mutants that change tables change no code. */
async function changed(mutants: readonly string[]): Promise<typeof plain> {
  const names = mutants.filter((name) => mutantOf(name).patches.length > 0);
  return names.length === 0 ? plain : import(`./runner.js${without(names)}`);
}
