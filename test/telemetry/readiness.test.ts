/** Whether the readiness tells the truth: each check is broken for real, named, and mended again. */
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { API_PREFIX } from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { contextOf } from '../../packages/server/src/base/context.ts';
import { systemClock } from '../../packages/server/src/base/clock.ts';
import { createLogger } from '../../packages/server/src/base/logger.ts';
import { createWake } from '../../packages/server/src/base/wake.ts';
import { createLoop } from '../../packages/server/src/dispatch/loop.ts';
import { nodeChecks } from '../../packages/server/src/telemetry/checks.ts';
import { createTelemetry } from '../../packages/server/src/telemetry/index.ts';
import { createReadiness } from '../../packages/server/src/telemetry/readiness.ts';
import { highest, openSite, type Site } from './site.ts';

const PATIENCE = { timeout: 40_000, interval: 100 };
let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.stop());

interface Answer {
  readonly status: number;
  readonly code: unknown;
  /** Names of the checks that fail. */
  readonly failed: readonly unknown[];
}
async function ask(): Promise<Answer> {
  const response = await fetch(`${site.address}${API_PREFIX}/ready`);
  const body: unknown = await response.json();
  const { code, fields = [] } = body as { code?: unknown; fields?: { field: unknown }[] };
  return { status: response.status, code, failed: fields.map(({ field }) => field) };
}
const becomes = (answer: Answer): Promise<void> =>
  vi.waitFor(async () => expect(await ask()).toEqual(answer), PATIENCE);
const READY = { status: 200, code: undefined, failed: [] };

describe('a node', () => {
  it('is ready, and says what it looked at', async () => {
    await becomes(READY);
    const { checks } = await site.api.getReadiness();
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['open', 'database', 'signing-key']),
    );
    expect(checks.every(({ ok, detail }) => ok && detail === '')).toBe(true);
  });

  it('is not while its database is away, and is again by itself', async () => {
    site.proxy.cut();
    await becomes({ status: 503, code: 'database-away', failed: ['database'] });
    expect(highest(await site.scrape()).get('piculus_ready')).toBe(1);
    expect(await site.scrape()).toContain('piculus_ready{check="database"} 0');
    site.proxy.mend();
    await becomes(READY);
  });

  it('is not where the database lacks what this build needs', async () => {
    const [last] = (
      await site.sql.query<{ name: string; checksum: string }>(
        'DELETE FROM piculus.migrations WHERE name = (SELECT max(name) FROM piculus.migrations) RETURNING name, checksum',
      )
    ).rows;
    await becomes({ status: 503, code: 'database-away', failed: ['database'] });
    await site.sql.query('INSERT INTO piculus.migrations (name, checksum) VALUES ($1, $2)', [
      last?.name,
      last?.checksum,
    ]);
    await becomes(READY);
  });

  it('is not where its signing key is gone', async () => {
    const folder = join(site.config.dataDir, 'signing-keys');
    const keys = (await readdir(folder)).filter((name) => name.endsWith('.pem'));
    expect(keys.length).toBeGreaterThan(0);
    for (const name of keys) await rename(join(folder, name), join(folder, `${name}.gone`));
    await becomes({ status: 503, code: 'not-ready', failed: ['signing-key'] });
    for (const name of keys) await rename(join(folder, `${name}.gone`), join(folder, name));
    await becomes(READY);
  });
});

it('a loop whose round does not end, and clients that cannot come in, are told', async () => {
  const log = createLogger('silent');
  let ahead = 0;
  const clock = { ...systemClock, elapsedMs: () => systemClock.elapsedMs() + ahead };
  const telemetry = await createTelemetry(
    { metricsPort: null, metricsHost: '127.0.0.1', stateCacheMs: 0, otlpUrl: null },
    { log, clock },
  );
  let free: () => void = () => {};
  let began: () => void = () => {};
  const inside = new Promise<void>((resolve) => {
    began = resolve;
  });
  const loop = createLoop({
    name: 'held',
    clock: systemClock,
    log,
    wake: createWake(systemClock),
    metrics: telemetry.metrics,
    wakeReason: null,
    pollMs: 10,
    work: () =>
      new Promise((resolve) => {
        free = resolve;
        began();
      }),
  });
  const transport = { name: 'nats', ready: true, start: () => {}, close: () => {}, end: () => {} };
  const context = contextOf({
    db: { getExecutor: () => {} } as never,
    clock,
    log,
    nodeId: 'node',
    events: { publish: () => {} },
    wake: createWake(clock),
  });
  const checks = nodeChecks({
    context,
    host: { checkOpen: () => {} },
    keys: { problem: async () => null },
    transports: [transport],
    loops: telemetry.loops,
  }).filter(({ name }) => name !== 'database');
  const readiness = createReadiness(clock, () => checks);
  const failed = async (): Promise<string[]> =>
    (await readiness.check()).filter(({ ok }) => !ok).map(({ name }) => name);

  loop.start();
  await inside;
  expect(await failed()).toEqual([]);
  ahead = 60_000;
  expect(await failed()).toEqual(['loops']);
  transport.ready = false;
  expect(await failed()).toEqual(['clients', 'loops']);
  transport.ready = true;
  free();
  await vi.waitFor(async () => expect(await failed()).toEqual([]), PATIENCE);
  const stopped = loop.stop();
  free();
  await stopped;
  ahead = 600_000;
  // A loop that was stopped is not stuck.
  expect(await failed()).toEqual([]);
});

it('a check that does not answer fails in time', async () => {
  const readiness = createReadiness(
    systemClock,
    () => [
      { name: 'silent', find: () => new Promise(() => {}) },
      { name: 'broken', find: () => Promise.reject(new Error('a secret')) },
    ],
    50,
  );
  expect(await readiness.check()).toEqual([
    { name: 'silent', ok: false, detail: 'no answer within 50 ms' },
    { name: 'broken', ok: false, detail: 'the check itself failed' },
  ]);
});
