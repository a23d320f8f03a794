/** The README's way to a first fix, step by step, with the built programs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const piculus = join(root, 'packages/cli/bin/piculus.js');
const running: ChildProcess[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'first fix '));
});
afterAll(async () => {
  for (const child of running.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

interface Environment {
  [name: string]: string;
}
const environment = (): Environment => ({
  PATH: process.env['PATH'] ?? '',
  XDG_CONFIG_HOME: folder,
  PICULUS_DATA_DIR: join(folder, 'data'),
  PICULUS_PORT: '0',
  PICULUS_LOG_LEVEL: 'warn',
});

/** Starts a program that stays. @returns its lines as they come. */
function start(argv: readonly string[], extra: Environment = {}): AsyncIterator<string> {
  const child = spawn(process.execPath, argv, {
    cwd: root,
    env: { ...environment(), ...extra },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

async function lineWith(lines: AsyncIterator<string>, words: string): Promise<string> {
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    if (next.value.includes(words)) return next.value;
  }
  throw new Error(`the program ended without saying "${words}"`);
}

/** Runs a command to its end. @returns what it printed. */
async function run(argv: readonly string[], extra: Environment = {}): Promise<string> {
  const child = spawn(process.execPath, [piculus, ...argv], {
    cwd: root,
    env: { ...environment(), ...extra },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const [code] = await once(child, 'close');
  expect(code, argv.join(' ')).toBe(0);
  return out.trim();
}

it('leads from nothing to a repaired payment', async () => {
  const server = start([piculus, 'serve']);
  const password = /one-time password (\S+)/.exec(await lineWith(server, 'one-time password'))?.[1] ?? '';
  const url = /http\S+/.exec(await lineWith(server, 'ready'))?.[0] ?? '';
  await run(['login', '--url', url], {
    PICULUS_PASSWORD: password,
    PICULUS_NEW_PASSWORD: 'a password of our own',
  });
  const exported = await run(['systems', 'create', 'SHOP']);
  await run(['policy', 'single-person', '--reason', 'trying it out alone']);
  const keys = Object.fromEntries(
    exported
      .replace('export ', '')
      .split(' ')
      .map((set) => set.split('=')),
  );
  const shop = start(['examples/first-fix/first-fix.mjs'], { ...keys, PICULUS_URL: url });
  expect(await lineWith(shop, 'connected')).toBe('connected as a client of SHOP');
  await run(['solutions', 'import', 'examples/first-fix/solutions.yaml']);
  expect(await run(['collect', '--system', 'SHOP', '--wait'])).toMatch(/SHOP +complete +2 +1 +1 /);
  expect(await lineWith(shop, 'R2')).toBe('R2: fixed');
  await expect
    .poll(() => run(['problems']), { timeout: 60_000 })
    .toMatch(/SHOP +C1 +R2 +50\.00 CNY +fixed +1 +fixed/);
  // Personal data was masked before it left the shop.
  expect(await run(['problem', '1'])).not.toMatch(/account = A1$/m);
  // A second collect finds nothing, so the fix is confirmed.
  expect(await run(['collect', '--system', 'SHOP', '--wait'])).toMatch(/SHOP +complete +2 +0 +0 /);
  await expect.poll(() => run(['problems']), { timeout: 60_000 }).toContain('fixed (confirmed)');
}, 180_000);
