/**
 * Makes a checkout ready to run: installs what is missing, builds what is stale, prepares the template of the
 * embedded database. Does nothing where nothing is to do. Prints to stderr only.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildConsole, consoleIsStale } from './console.mjs';
import { bin, newest, packageFolders, ROOT, run, say } from './lib.mjs';

const OLDEST_NODE = [20, 19];

/** @returns whether all went well; what did not is said. */
export async function setup() {
  if (!nodeIsNewEnough()) return false;
  if (!(await install())) return false;
  if (!(await build())) return false;
  if (consoleIsStale() && !(await buildConsole())) return false;
  return template();
}

function nodeIsNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return true;
  say(`Node ${OLDEST_NODE.join('.')} or newer is needed; this is ${process.versions.node}`);
  return false;
}

async function install() {
  const modules = join(ROOT, 'node_modules');
  const stamp = join(modules, '.piculus-installed');
  const lock = readFileSync(join(ROOT, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stamp)) {
    if (readFileSync(stamp, 'utf8') === wanted) return true;
  } else if (installedByHand(modules)) {
    writeFileSync(stamp, wanted);
    return true;
  }
  say('installing the dependencies');
  const quiet = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  let code = await run('npm', ['ci', ...quiet]);
  if (code !== 0) {
    // The exact way refuses a lock file that a package.json has run ahead of; the ordinary way brings it up to date.
    say('trying the ordinary way');
    code = await run('npm', ['install', ...quiet]);
  }
  if (code !== 0) {
    say('the dependencies could not be installed');
    return false;
  }
  writeFileSync(
    stamp,
    createHash('sha256')
      .update(readFileSync(join(ROOT, 'package-lock.json')))
      .digest('hex'),
  );
  return true;
}

/** npm writes its own record last, so that an installation that was cut has none, or an old one. */
function installedByHand(modules) {
  const record = join(modules, '.package-lock.json');
  return existsSync(record) && statSync(record).mtimeMs >= statSync(join(ROOT, 'package-lock.json')).mtimeMs;
}

async function build() {
  const stale = packageFolders().filter((folder) => isStale(folder));
  if (stale.length === 0) return true;
  say('building');
  const code = await run(process.execPath, [bin('tsc'), '-b']);
  if (code !== 0) {
    say('the build failed');
    return false;
  }
  // tsc leaves its record alone where the output would be the same; the stamp says when it last agreed.
  for (const folder of packageFolders()) {
    const { output } = compiled(folder);
    mkdirSync(output, { recursive: true });
    writeFileSync(join(output, '.built'), '');
  }
  return true;
}

/** What tsc makes of a package: its program, or only the types where Vite makes the program. */
function compiled(folder) {
  const byVite = existsSync(join(folder, 'vite.config.ts'));
  const output = join(folder, byVite ? 'types' : 'dist');
  return { output, entry: join(output, byVite ? 'main.d.ts' : 'index.js') };
}

function isStale(folder) {
  const { output, entry } = compiled(folder);
  const stamp = join(output, '.built');
  if (!existsSync(stamp)) {
    // A record without its output would make tsc believe that there is nothing to do.
    const record = join(output, '.tsbuildinfo');
    if (existsSync(record) && !existsSync(entry)) rmSync(record);
    return true;
  }
  const built = statSync(stamp).mtimeMs;
  const sources = Math.max(
    newest(join(folder, 'src')),
    statSync(join(folder, 'tsconfig.json')).mtimeMs,
    statSync(join(folder, 'package.json')).mtimeMs,
    statSync(join(ROOT, 'tsconfig.base.json')).mtimeMs,
  );
  return sources > built;
}

async function template() {
  const built = join(ROOT, 'packages', 'embedded-database', 'dist', 'index.js');
  const { makeTemplate } = await import(pathToFileURL(built).href);
  if (await makeTemplate()) say('prepared the embedded database');
  return true;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = (await setup()) ? 0 : 1;
}
