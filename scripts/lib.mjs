/** What the scripts share. Only Node's own modules: they run before anything is installed. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a program in the root of the repository; all it prints goes to stderr, because stdout is for answers.
 * @returns its exit code.
 */
export function run(command, args, { env = {}, output = 'stderr', cwd = ROOT, uid, gid } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', output === 'stdout' ? 'inherit' : 2, 'inherit'],
      ...(uid === undefined ? {} : { uid, gid }),
    });
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal === null ? code : 1));
  });
}

/** As {@link run}, and keeps what it prints. */
export function capture(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', (error) => resolve({ code: 127, output: String(error) }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Runs a program of a package that is installed, without a shell and without npx. */
export function bin(name) {
  return join(ROOT, 'node_modules', '.bin', name);
}

/** Folders with sources: each has a package.json and a tsconfig.json of its own. */
export function packageFolders() {
  return ['packages', 'examples'].flatMap((group) => {
    const folder = join(ROOT, group);
    return readdirSync(folder)
      .map((name) => join(folder, name))
      .filter((path) => existsSync(join(path, 'tsconfig.json')));
  });
}

/** Modification time of the newest file below, in ms; 0 where there is none. */
export function newest(folder) {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { withFileTypes: true }).reduce((latest, entry) => {
    const path = join(folder, entry.name);
    const time = entry.isDirectory() ? newest(path) : statSync(path).mtimeMs;
    return Math.max(latest, time);
  }, 0);
}

/** Files below a folder, without what is built or installed. */
export function filesBelow(folder, accept) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path, accept);
    return accept(path) ? [path] : [];
  });
}
