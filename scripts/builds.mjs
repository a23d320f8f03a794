/**
 * Other builds of Piculus beside this one, each in a folder of its own below .piculus/builds/: an earlier state of the
 * project, and this state with one more migration. Programs run from there as they are.
 */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { bin, capture, packageFolders, ROOT, run, say } from './lib.mjs';

const BUILDS = join(ROOT, '.piculus', 'builds');
/** What an installation needs: the server, its command, the example with its bank. */
const PROJECTS = ['packages/cli', 'examples/pbap'];
const DONE = '.built';
const MADE_BY_TYPESCRIPT = new Set(['src', 'test', 'node_modules', 'scripts']);
const NEXT_MIGRATION = '9000_next.sql';

/** @returns the folder of that state, built; null where it cannot be had, which is said. */
export async function earlierBuild(commit) {
  const folder = join(BUILDS, commit);
  if (existsSync(join(folder, DONE))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const archive = join(BUILDS, `${commit}.tar`);
  const taken = await capture('git', [
    'archive',
    '--output',
    archive,
    commit,
    'package.json',
    'package-lock.json',
    'packages',
    'examples',
    'tsconfig.base.json',
    'tsconfig.json',
  ]);
  if (taken.code !== 0) {
    say(`the history of this checkout does not have ${commit}: ${taken.output.trim()}`);
    return null;
  }
  if ((await run('tar', ['-xf', archive, '-C', folder])) !== 0) return null;
  rmSync(archive);
  if (sameDependencies(folder)) link(folder);
  else if (
    (await run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
    })) !== 0
  )
    return null;
  say(`building ${commit}`);
  if ((await run(process.execPath, [bin('tsc'), '-b', ...PROJECTS], { cwd: folder })) !== 0) return null;
  writeFileSync(join(folder, DONE), `${commit}\n`);
  return folder;
}

/** A copy of this build with one more migration, which the build as it is can work beside. */
export function nextBuild() {
  const folder = join(BUILDS, 'next');
  rmSync(folder, { recursive: true, force: true });
  for (const from of packageFolders()) {
    const to = join(folder, from.slice(ROOT.length + 1));
    cpSync(from, to, { recursive: true, filter: (path) => !MADE_BY_TYPESCRIPT.has(basename(path)) });
  }
  link(folder);
  const migrations = join(folder, 'packages', 'server', 'migrations');
  const newest = readdirSync(migrations).sort().at(-1)?.slice(0, 4) ?? '0000';
  writeFileSync(
    join(migrations, NEXT_MIGRATION),
    `-- readable-from: ${newest}\nALTER TABLE piculus.problems ADD COLUMN next_build text;\nALTER TABLE piculus.leases ADD COLUMN next_build text;\n`,
  );
  return folder;
}

/** Whether everything that the other lock file names is installed here in the very same version. */
function sameDependencies(folder) {
  const read = (root) => JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const here = read(ROOT);
  return Object.entries(read(folder)).every(
    ([path, { version, link: own }]) =>
      !path.startsWith('node_modules/') || own === true || here[path]?.version === version,
  );
}

/** Installed packages are this checkout's own; Piculus's are the folder's. */
function link(folder) {
  const from = join(ROOT, 'node_modules');
  const to = join(folder, 'node_modules');
  mkdirSync(join(to, '@piculus'), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name === '@piculus' || name.startsWith('.')) continue;
    symlinkSync(join(from, name), join(to, name));
  }
  for (const name of readdirSync(join(from, '@piculus'))) {
    const own = join(from, '@piculus', name);
    if (!lstatSync(own).isSymbolicLink()) continue;
    const group = existsSync(join(folder, 'packages', name)) ? 'packages' : 'examples';
    const folderName = group === 'packages' ? name : name.replace(/^example-/, '');
    symlinkSync(join(folder, group, folderName), join(to, '@piculus', name));
  }
  // What npm had to install below a package of ours.
  for (const path of packageFolders()) {
    const own = join(path, 'node_modules');
    const there = join(folder, path.slice(ROOT.length + 1));
    if (existsSync(own) && existsSync(there)) symlinkSync(own, join(there, 'node_modules'));
  }
}
