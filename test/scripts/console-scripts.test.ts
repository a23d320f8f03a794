/** What the scripts about the console decide: what is stale, what is compressed, what comes before the first page. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);
const script = (name: string): string => new URL(`../../scripts/${name}`, import.meta.url).href;

/** @returns what the expression about the script's exports comes to, in a process of its own. */
async function ask(name: string, expression: string, env: Record<string, string> = {}): Promise<unknown> {
  const code = `const it = await import(${JSON.stringify(script(name))});
    process.stdout.write(JSON.stringify((await ${expression}) ?? null));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], {
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout);
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'piculus-scripts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = async (name: string, content: string | Buffer): Promise<string> => {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
};

describe('the build', () => {
  it('is stale where a source is newer than it, of the console or of the contract, and where it is gone', async () => {
    const isStale = () => ask('console.mjs', `it.consoleIsStale(${JSON.stringify(folder)})`);
    const at = (path: string, seconds: number) => utimes(path, seconds, seconds);
    const own = await put('packages/console/src/pages/Page.tsx', '');
    const contract = await put('packages/protocol/src/http/routes.ts', '');
    const page = await put('packages/console/dist/index.html', '');
    const stamp = await put('packages/console/dist/.built', '');
    for (const path of [own, contract]) await at(path, 1_000);
    await at(stamp, 2_000);
    expect(await isStale()).toBe(false);
    for (const source of [own, contract]) {
      await at(source, 3_000);
      expect(await isStale()).toBe(true);
      await at(source, 1_000);
    }
    await rm(page);
    expect(await isStale()).toBe(true);
  });
});

describe('compressing', () => {
  it('writes both forms beside text that gets smaller by it, and leaves the rest alone', async () => {
    const text = 'text of a script\n'.repeat(200);
    await put('assets/main.js', text);
    await put('assets/small.css', 'body{}');
    await put('assets/face.woff2', text);
    await ask('console.mjs', `it.compressBelow(${JSON.stringify(folder)})`);
    expect((await readdir(join(folder, 'assets'))).sort()).toEqual([
      'face.woff2',
      'main.js',
      'main.js.br',
      'main.js.gz',
      'small.css',
    ]);
    const read = (name: string) => readFile(join(folder, 'assets', name));
    expect(brotliDecompressSync(await read('main.js.br')).toString()).toBe(text);
    expect(gunzipSync(await read('main.js.gz')).toString()).toBe(text);
  });
});

describe('the bundle', () => {
  const bundleSchema = z.object({
    files: z.array(z.object({ name: z.string(), initial: z.boolean(), gzipBytes: z.number() })),
    initial: z.object({ gzipBytes: z.number() }),
    limitBytes: z.number(),
    withinLimit: z.boolean(),
  });
  const measure = async () =>
    bundleSchema.parse(await ask('console-bundle.mjs', `it.measureBundle(${JSON.stringify(folder)})`));
  const page = (scripts: string): Promise<string> =>
    put(
      'index.html',
      `<head><script src="/before.js"></script>${scripts}<link rel="stylesheet" crossorigin href="/assets/main.css"></head>`,
    );

  it('counts what is imported before it runs, and not what is imported later', async () => {
    await page('<script type="module" crossorigin src="/assets/main.js"></script>');
    await put('before.js', 'void 0');
    await put('assets/main.css', 'body{}');
    await put(
      'assets/main.js',
      'import{a}from"./shared.js";import"./effect.js";const p=()=>import("./page.js");',
    );
    await put('assets/shared.js', "export*from'./deep.js';");
    await put('assets/effect.js', '1');
    await put('assets/deep.js', 'import "./main.js"');
    await put('assets/page.js', 'import"./only-there.js"');
    await put('assets/only-there.js', '1');
    const { files, initial } = await measure();
    const first = files.filter((file) => file.initial);
    expect(first.map(({ name }) => name).sort()).toEqual([
      'assets/deep.js',
      'assets/effect.js',
      'assets/main.css',
      'assets/main.js',
      'assets/shared.js',
      'before.js',
    ]);
    expect(initial.gzipBytes).toBe(first.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0));
  });

  it('is judged by its limit', async () => {
    await page('<script type="module" src="/assets/main.js"></script>');
    await put('before.js', 'void 0');
    await put('assets/main.css', 'body{}');
    await put('assets/main.js', 'void 0');
    expect(await measure()).toMatchObject({ limitBytes: 350_000, withinLimit: true });
    await put('assets/main.js', randomBytes(400_000).toString('base64'));
    expect((await measure()).withinLimit).toBe(false);
  });
});

describe('the browser', () => {
  const find = (platform: string) =>
    ask(
      'browser.mjs',
      `it.findChromium({ env: { PATH: ${JSON.stringify(folder)} }, platform: '${platform}' })`,
    );

  it('is the one on the path, by the name that it has there', async () => {
    const chrome = await put('google-chrome', '#!/bin/sh\n');
    await chmod(chrome, 0o755);
    expect(await find('linux')).toBe(chrome);
    const chromium = await put('chromium', '#!/bin/sh\n');
    expect(await find('linux')).toBe(chromium);
    expect(await find('win32')).toBe(null);
    const exe = await put('chrome.exe', '');
    expect(await find('win32')).toBe(exe);
  });

  it('is the one that was named, or none', async () => {
    const named = await put('mine', '');
    expect(await ask('browser.mjs', 'it.browserForTests()', { CHROMIUM_PATH: named })).toBe(named);
    const nowhere = join(folder, 'nowhere');
    expect(await ask('browser.mjs', 'it.browserForTests()', { CHROMIUM_PATH: nowhere })).toBe(null);
  });
});

describe('reports', () => {
  it('say which there are', async () => {
    const failed = await run(process.execPath, [new URL(script('report.mjs')).pathname, 'weather']).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining('console') });
  });
});
