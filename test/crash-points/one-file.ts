/**
 * The programs of these tests as one file each, and what the engine made of it: a start reads more than a thousand
 * modules, which takes two seconds of a processor, and to die at each place takes a hundred starts. It is the built
 * code, module by module.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';

const HERE = dirname(fileURLToPath(import.meta.url));
const RUNNER = join(HERE, 'run-one-file.cjs');
/** What is more than text, and what is read only where it is used, which is not here. */
const OUTSIDE = ['@node-rs/argon2', '@piculus/embedded-database', /^@opentelemetry\/(?!api$)/];

export type ProgramName = 'server-main' | 'client-main' | 'pbap-main';

/** What to run, with which arguments. */
export interface Program {
  readonly script: string;
  readonly args: readonly string[];
}

export interface Programs {
  of(name: ProgramName): Program;
  remove(): Promise<void>;
}

/** Each module goes on finding what lies beside it. */
const PLACES: Plugin = {
  name: 'places',
  transform(code, id) {
    const folder = JSON.stringify(dirname(id));
    const placed = code
      .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
      .replaceAll('import.meta.dirname', folder);
    return /(const|let|var) __dirname\b/.test(code) ? placed : placed.replaceAll(/\b__dirname\b/g, folder);
  },
};

export async function makePrograms(
  names: readonly ProgramName[] = ['server-main', 'client-main'],
): Promise<Programs> {
  const folder = await mkdtemp(join(tmpdir(), 'piculus-programs-'));
  const sourceOf = (name: ProgramName): string => join(HERE, `${name}.mjs`);
  const fileOf = (name: ProgramName): string => join(folder, `${name}.cjs`);
  for (const name of names) {
    const input = sourceOf(name);
    const bundle = await rolldown({
      input,
      platform: 'node',
      external: OUTSIDE,
      plugins: [PLACES],
      logLevel: 'silent',
    });
    await bundle.write({ file: fileOf(name), format: 'cjs', codeSplitting: false });
    await bundle.close();
  }
  return {
    of: (name) => ({ script: RUNNER, args: [fileOf(name), sourceOf(name)] }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
