/**
 * Builds the console where its sources are newer than its last build, with its files compressed beside them, so
 * that the server never compresses the same file twice. `node scripts/console.mjs` builds in any case.
 */
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { bin, newest, ROOT, run, say } from './lib.mjs';

const FOLDER = join(ROOT, 'packages', 'console');
export const CONSOLE_DIST = join(FOLDER, 'dist');
const STAMP = join(CONSOLE_DIST, '.built');
/** Text; pictures and fonts are compressed already. */
const COMPRESSIBLE = /\.(js|mjs|css|html|svg|json|txt|webmanifest)$/;
/** Below this the headers weigh more than what is saved. */
const COMPRESSED_FROM_BYTES = 512;

/** @returns whether the sources are newer than the last build, or there is none. */
export function consoleIsStale(root = ROOT) {
  const folder = join(root, 'packages', 'console');
  const stamp = join(folder, 'dist', '.built');
  if (!existsSync(stamp) || !existsSync(join(folder, 'dist', 'index.html'))) return true;
  const sources = [
    ...['src', 'public', 'index.html', 'vite.config.ts', 'package.json'].map((name) => join(folder, name)),
    join(root, 'packages', 'protocol', 'src'),
  ];
  return Math.max(...sources.map(newestOf)) > statSync(stamp).mtimeMs;
}

/** @returns whether it was built. */
export async function buildConsole() {
  say('building the console');
  const started = new Date();
  if ((await run(process.execPath, [bin('vite'), 'build', '--logLevel', 'warn'], { cwd: FOLDER })) !== 0) {
    say('the build of the console failed');
    return false;
  }
  await compressBelow(CONSOLE_DIST);
  // Of the time before the build: what is changed while it runs is built again the next time.
  writeFileSync(STAMP, started.toISOString());
  utimesSync(STAMP, started, started);
  return true;
}

/** Writes `<file>.br` and `<file>.gz` beside every file that gets smaller by it. */
export async function compressBelow(folder) {
  await Promise.all(filesIn(folder).map(compress));
}

async function compress(path) {
  const content = readFileSync(path);
  if (content.length < COMPRESSED_FROM_BYTES) return;
  const [br, gz] = await Promise.all([brotli(content), gzipped(content)]);
  if (br.length < content.length) writeFileSync(`${path}.br`, br);
  if (gz.length < content.length) writeFileSync(`${path}.gz`, gz);
}

const brotli = (content) =>
  promisify(brotliCompress)(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
const gzipped = (content) => promisify(gzip)(content, { level: 9 });

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && COMPRESSIBLE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function newestOf(path) {
  if (!existsSync(path)) return 0;
  return statSync(path).isDirectory() ? newest(path) : statSync(path).mtimeMs;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = (await buildConsole()) ? 0 : 1;
}
