/** The command that starts two nodes, as a person types it: it comes up, repairs, stops, and goes on the next time. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { samplesOf } from '../deploy/promql.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/cluster.mjs', import.meta.url));
const PORT = 17_430;
const METRICS = [17_440, 17_441];
const PATIENCE = { timeout: 120_000, interval: 250 };

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'piculus-cluster-'));
  // The database runs under another user where this one is root.
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Cluster {
  readonly lines: readonly string[];
  /** @returns the exit code. */
  stop(): Promise<number | null>;
}

function start(): Promise<Cluster> {
  const args = ['--folder', folder, '--port', String(PORT), '--metrics-port', String(METRICS[0])];
  const child = spawn(process.execPath, [SCRIPT, ...args, '--orders', '100', '--anomalies', '1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return new Promise((resolve, reject) => {
    const stop = (): Promise<number | null> => {
      child.kill('SIGINT');
      return ended;
    };
    createInterface(child.stderr).on('line', (line) => {
      lines.push(line);
      if (line.startsWith('Ctrl-C stops everything')) resolve({ lines, stop });
    });
    ended.then((code) => reject(new Error(`it ended with ${code}: ${lines.join('\n')}`)));
  });
}

const scrapes = (): Promise<string[]> =>
  Promise.all(METRICS.map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()));
const sum = (texts: readonly string[], metric: RegExp): number =>
  texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => metric.test(line))
    .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);

it('brings two ready nodes up that share the work, stops them, and goes on', {
  timeout: 300_000,
}, async () => {
  const first = await start();
  await vi.waitFor(async () => {
    const texts = await scrapes();
    for (const text of texts) {
      expect(samplesOf(text).has('piculus_ready')).toBe(true);
      expect(text).not.toMatch(/^piculus_ready\{.*\} 0$/m);
      // The balancer gave one of the two clients to each.
      expect(text).toMatch(/^piculus_sessions\{sys_code="PBAP"\} 1$/m);
      expect(text).toMatch(/^piculus_clients\{sys_code="PBAP"\} 2$/m);
    }
    expect(sum(texts, /^piculus_executions_total\{.*outcome="fixed"\}/)).toBeGreaterThan(5);
  }, PATIENCE);
  expect((await fetch(`http://127.0.0.1:${PORT}/api/v1/ready`)).status).toBe(200);
  expect(await first.stop()).toBe(0);
  expect(first.lines.at(-1)).toBe('stopped');

  const second = await start();
  expect(second.lines.join('\n')).toMatch(/goes on with its books from the last time/);
  await vi.waitFor(async () => {
    for (const text of await scrapes()) expect(text).not.toMatch(/^piculus_ready\{.*\} 0$/m);
  }, PATIENCE);
  expect(await second.stop()).toBe(0);
});
