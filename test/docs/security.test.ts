/** The table of docs/security.md names what is there; and the check finds what is not. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const REPOSITORY = new URL('../../', import.meta.url).pathname;
let folder: string;
let original: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'piculus-security-'));
  original = await readFile(join(REPOSITORY, 'docs', 'security.md'), 'utf8');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function check(page: string): Promise<{ code: number; said: string }> {
  const path = join(folder, 'security.md');
  await writeFile(path, page);
  const script = join(REPOSITORY, 'scripts', 'security-page.mjs');
  return new Promise((resolve) => {
    execFile(process.execPath, [script, '--check', '--page', path], (error, _, said) => {
      resolve({ code: error === null ? 0 : Number(error.code), said });
    });
  });
}

describe('the page about security', () => {
  it('speaks of what is there', async () => {
    const { code, said } = await check(original);
    expect(said).toMatch(/^\d+ rows, 0 findings\n$/);
    expect(code).toBe(0);
  });

  it.each([
    ['a file that is gone', '`server/src/http/csv.ts`', '`server/src/http/gone.ts`', 'is not there'],
    ['a test that is none', '`server/test/http/csv.test.ts`', '`server/src/http/csv.ts`', 'tests nothing'],
    [
      'what is met nowhere',
      '`server/test/http/csv.test.ts` `test/browser/payloads.test.ts`',
      '',
      'not said where',
    ],
    ['a word that is no state', '| none | | |', '| perhaps | | |', 'its state is "perhaps"'],
    ['an item that is there twice', '| 3.5.4 |', '| 3.5.3 |', '3.5.3: is there twice'],
    ['an item of level 3 that is left out', '**15.4.2**', '15.4.1', '15.4.2: has no row'],
    ['a chapter that is left out', '| 17.1–17.3 |', '| |', 'V17. has no row'],
  ])('is refused with %s', async (_, from, to, finding) => {
    expect(original).toContain(from);
    const { code, said } = await check(original.replace(from, to));
    expect(said).toContain(finding);
    expect(code).toBe(1);
  });
});
