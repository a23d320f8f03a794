import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/logger.ts';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { Lifecycle } from '../../src/lifecycle.ts';

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(loadConfig({})).toEqual({
      databaseUrl: null,
      databaseConnections: 6,
      migrationDatabaseUrl: null,
      dataDir: './.piculus',
      host: '127.0.0.1',
      port: 7070,
      logLevel: 'info',
      leaseMs: 15_000,
      adminPasswordFile: null,
      secret: null,
      publicUrl: null,
      trustedProxies: [],
      signOn: null,
      messageRetentionDays: 14,
      signingKeysDir: null,
      signingKeyFile: null,
      auditCheckpointFile: null,
      auditCheckpointUrl: null,
      auditKeyFile: null,
      nodes: { drainMs: 0 },
      nats: null,
      telemetry: { metricsPort: null, metricsHost: '127.0.0.1', stateCacheMs: 5_000, otlpUrl: null },
    });
    expect(loadConfig({ PICULUS_PORT: ' ' }).port).toBe(7070);
  });

  it.each([
    ['PICULUS_PORT', '65536'],
    ['PICULUS_PORT', '-1'],
    ['PICULUS_PORT', '7070x'],
    ['PICULUS_PORT', '1e3'],
    ['PICULUS_LEASE_MS', '0'],
    ['PICULUS_LOG_LEVEL', 'loud'],
    ['PICULUS_DATABASE_URL', 'mysql://x'],
    ['PICULUS_DATABASE_URL', 'localhost'],
    ['PICULUS_MIGRATION_DATABASE_URL', 'postgres://owner@127.0.0.1/x'],
    ['PICULUS_PUBLIC_URL', 'ftp://x'],
    ['PICULUS_TRUST_PROXY', 'proxy.bank.example'],
    ['PICULUS_TRUST_PROXY', '0.0.0.0/0'],
    ['PICULUS_TRUST_PROXY', '10.0.0.0/33'],
    ['PICULUS_TRUST_PROXY', '10.0.0.1,true'],
    ['PICULUS_MESSAGE_RETENTION_DAYS', '0'],
  ])('refuses %s=%s by its name', (name, value) => {
    expect(() => loadConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => loadConfig({ [name]: value })).toThrow(name);
  });

  it('names everything that is wrong at once, and no password', () => {
    try {
      loadConfig({ PICULUS_PORT: 'x', PICULUS_DATABASE_URL: 'mysql://root:hunter2@db/x' });
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.problems).toHaveLength(2);
      expect(error.message).not.toContain('hunter2');
    }
  });
});

describe('the life cycle', () => {
  it('closes in reverse what was opened, once, also where one part does not close', async () => {
    const closed: string[] = [];
    const lifecycle = new Lifecycle(createLogger('silent'), systemClock);
    const part = (name: string) =>
      lifecycle.open(
        name,
        () => name,
        (opened) => void closed.push(opened),
      );
    await part('a');
    await lifecycle.open(
      'b',
      () => {},
      () => Promise.reject(new Error('stuck')),
    );
    await part('c');
    await Promise.all([lifecycle.stop(Promise.resolve()), lifecycle.stop(Promise.resolve())]);
    expect(closed).toEqual(['c', 'a']);
    await expect(part('d')).rejects.toMatchObject({ code: 'stopping' });
  });

  it('does not wait for ever for a part that never closes, nor for a start that never ends', async () => {
    const closed: string[] = [];
    const hurried = { ...systemClock, sleep: async () => {} };
    const lifecycle = new Lifecycle(createLogger('silent'), hurried);
    await lifecycle.open(
      'first',
      () => {},
      () => void closed.push('first'),
    );
    await lifecycle.open(
      'stuck',
      () => {},
      () => new Promise<void>(() => {}),
    );
    await lifecycle.stop(new Promise(() => {}));
    expect(closed).toEqual(['first']);
  });

  it('closes also what was still being opened when the stop came', async () => {
    const closed: string[] = [];
    const lifecycle = new Lifecycle(createLogger('silent'), systemClock);
    let arrive: () => void = () => {};
    const opening = lifecycle.open(
      'slow',
      () =>
        new Promise<void>((resolve) => {
          arrive = resolve;
        }),
      () => void closed.push('slow'),
    );
    const stopping = lifecycle.stop(opening);
    arrive();
    await stopping;
    expect(closed).toEqual(['slow']);
  });
});
