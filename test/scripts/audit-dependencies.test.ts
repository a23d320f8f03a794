/** What the audit of the lock file finds: each rule is broken once in a lock file that is well. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const REPOSITORY = new URL('../../', import.meta.url).pathname;
const SCRIPT = join(REPOSITORY, 'scripts', 'audit-dependencies.mjs');
const lockSchema = z.looseObject({ packages: z.record(z.string(), z.record(z.string(), z.unknown())) });
type Lock = z.infer<typeof lockSchema>;

let folder: string;
let original: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'piculus-audit-'));
  original = await readFile(join(REPOSITORY, 'package-lock.json'), 'utf8');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Answer {
  readonly code: number;
  readonly said: string;
}

async function audit(change: (lock: Lock) => void, args: readonly string[] = [], env = {}): Promise<Answer> {
  const lock = lockSchema.parse(JSON.parse(original));
  change(lock);
  const root = await mkdtemp(join(folder, 'root-'));
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env } };
    execFile(process.execPath, [SCRIPT, '--root', root, ...args], options, (error, _, said) => {
      resolve({ code: error === null ? 0 : Number(error.code), said });
    });
  });
}

const entry = (lock: Lock, path: string): Record<string, unknown> => {
  const found = lock.packages[path];
  if (found === undefined) throw new Error(`the lock file has no ${path}`);
  return found;
};
const ZOD = 'node_modules/zod';
const INTEGRITY = `sha512-${'A'.repeat(86)}==`;

describe('the audit of dependencies', () => {
  it('finds nothing in our own lock file, and says what it did not ask', async () => {
    expect(await audit(() => {})).toEqual({
      code: 0,
      said: '0 findings; known weaknesses and ages were not asked for (--online does)\n',
    });
  });

  it.each<[string, (lock: Lock) => void, string]>([
    ['content that is not fixed', (lock) => delete entry(lock, ZOD)['integrity'], 'not fixed by a SHA-512'],
    [
      'content that is fixed by a weak hash',
      (lock) => Object.assign(entry(lock, ZOD), { integrity: 'sha1-AAAA' }),
      'not fixed by a SHA-512',
    ],
    [
      'an address in the lock file',
      (lock) => Object.assign(entry(lock, ZOD), { resolved: 'https://registry.example/zod.tgz' }),
      'names where it comes from',
    ],
    [
      'a link to elsewhere',
      (lock) => Object.assign(lock.packages, { 'node_modules/x': { link: true, resolved: '../x' } }),
      'a link out of the checkout',
    ],
    [
      'a program that runs at the installation',
      (lock) => Object.assign(entry(lock, ZOD), { hasInstallScript: true }),
      'runs a program when it is installed',
    ],
    [
      'a package within a package',
      (lock) => Object.assign(entry(lock, ZOD), { inBundle: true }),
      'inside another package',
    ],
    [
      'a dependency from a repository',
      (lock) => Object.assign(entry(lock, 'packages/client'), { dependencies: { ws: 'github:a/b' } }),
      'asks for ws at github:a/b',
    ],
    [
      'a dependency that is whatever is newest',
      (lock) => Object.assign(entry(lock, 'packages/client'), { dependencies: { ws: 'latest' } }),
      'asks for ws at latest',
    ],
    [
      'one of our names from a registry',
      (lock) =>
        Object.assign(lock.packages, {
          'node_modules/@piculus/client': { version: '9.9.9', integrity: INTEGRITY, license: 'MIT' },
        }),
      'has one of our own names',
    ],
    [
      'a licence that is not on the list',
      (lock) => Object.assign(entry(lock, ZOD), { license: 'AGPL-3.0' }),
      'licence AGPL-3.0',
    ],
    ['no licence', (lock) => delete entry(lock, ZOD)['license'], 'licence none named'],
    [
      'a licence for tools in what is given on',
      (lock) => Object.assign(entry(lock, ZOD), { license: 'MPL-2.0' }),
      'licence MPL-2.0',
    ],
    [
      'one more package in the client kit',
      (lock) => {
        Object.assign(lock.packages, {
          'node_modules/another': { version: '1.0.0', integrity: INTEGRITY, license: 'MIT' },
        });
        Object.assign(entry(lock, ZOD), { dependencies: { another: '1.0.0' } });
      },
      'packages/client: has 3 packages in all, more than 2',
    ],
  ])('finds %s', async (_, change, finding) => {
    const { code, said } = await audit(change);
    expect(said).toContain(finding);
    expect(code).toBe(1);
  });

  it('never takes a registry that does not answer for a good answer', async () => {
    // Nobody listens there.
    const env = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' };
    const { code, said } = await audit(() => {}, ['--online'], env);
    expect(said).toContain('NOT ASKED: known weaknesses');
    expect(said).toContain('NOT ASKED: ages');
    expect(code).toBe(2);
  });
});
