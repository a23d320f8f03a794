/**
 * A nats-server for the tests and for trying things out: the one that NATS_SERVER names, or one that is installed, or, on
 * Debian, the distribution's, unpacked beside the packages of the checkout. Nothing is installed into the system, so
 * that no service of it starts. Run by itself it prints where the program is.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, run, say } from './lib.mjs';

const NAME = 'nats-server';
const OWN_FOLDER = join(ROOT, 'node_modules', '.cache', 'piculus', NAME);
const OWN_PROGRAM = join(OWN_FOLDER, 'usr', 'sbin', NAME);

/** @returns the path of the program, or null after saying in one line how to get one. */
export async function natsForTests() {
  const program = findProgram() ?? (await unpackOnDebian());
  if (program === null)
    say(
      'the tests need nats-server 2.9 or newer: install it (Debian: apt-get install nats-server), or set NATS_SERVER',
    );
  return program;
}

function findProgram() {
  const given = process.env.NATS_SERVER;
  if (given !== undefined && given !== '') return given;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin'];
  const installed = folders.map((folder) => join(folder, NAME)).find((path) => existsSync(path));
  return installed ?? (existsSync(OWN_PROGRAM) ? OWN_PROGRAM : null);
}

async function unpackOnDebian() {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-deb')) return null;
  say('fetching nats-server for the tests');
  // Without rights the lists stay as they are; often they are new enough.
  if (process.getuid?.() === 0) await run('apt-get', ['update', '-qq']);
  rmSync(OWN_FOLDER, { recursive: true, force: true });
  mkdirSync(OWN_FOLDER, { recursive: true });
  if ((await run('apt-get', ['download', '-qq', NAME], { cwd: OWN_FOLDER })) !== 0) return null;
  const archive = readdirSync(OWN_FOLDER).find((name) => name.endsWith('.deb'));
  if (archive === undefined) return null;
  if ((await run('dpkg-deb', ['-x', join(OWN_FOLDER, archive), OWN_FOLDER])) !== 0) return null;
  rmSync(join(OWN_FOLDER, archive));
  return existsSync(OWN_PROGRAM) ? OWN_PROGRAM : null;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const program = await natsForTests();
  if (program !== null) process.stdout.write(`${program}\n`);
  process.exitCode = program === null ? 1 : 0;
}
