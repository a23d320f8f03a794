/** docs/nats.md: each configuration that it shows is started as it stands there, and used. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { natsTransport } from '@piculus/client/nats';
import { hashSystemKey } from '@piculus/protocol/link';
import { writeNatsConfig } from '@piculus/server';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../packages/server/src/base/clock.ts';
import type { NatsConfig } from '../../packages/server/src/config-nats.ts';
import { readNats } from '../../packages/server/src/config-nats.ts';
import { createConfigReader } from '../../packages/server/src/config-reader.ts';
import { createNatsTransport } from '../../packages/server/src/gateway/nats/index.ts';
import type { Connection } from '../../packages/server/src/gateway/transport.ts';
import { startTestNats } from '../support/nats.ts';

const page = readFileSync(new URL('../../docs/nats.md', import.meta.url), 'utf8');
const blocks = new Map(
  [...page.matchAll(/```nats (\w+)\n([\s\S]*?)```/g)].map(([, name, text]) => [name ?? '', text ?? '']),
);
const tlsFile = (name: string): string => join(import.meta.dirname, 'tls', name);
const SYSTEM_KEY = `pic_PBAP_${'k'.repeat(43)}`;

interface Users {
  readonly server: { readonly seed: string; readonly publicKey: string };
  readonly pbap: { readonly seed: string; readonly publicKey: string };
}
const user = (): Users['server'] => {
  const pair = nkeys.createUser();
  return { seed: new TextDecoder().decode(pair.getSeed()), publicKey: pair.getPublicKey() };
};
const users: Users = { server: user(), pbap: user() };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'piculus-nats-pages-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What stands on the page, with the places, keys and passwords of this run. */
function filled(text: string, { listen, storeDir }: { listen: string; storeDir: string }): string {
  return text
    .replace('127.0.0.1:4222', listen)
    .replace('/var/lib/piculus-nats', storeDir)
    .replace('UASERVER', users.server.publicKey)
    .replace('UAPBAP', users.pbap.publicKey)
    .replace('/etc/piculus-nats/server.crt', tlsFile('server.crt'))
    .replace('/etc/piculus-nats/server.key', tlsFile('server.key'));
}

interface Ways {
  readonly server: Pick<NatsConfig, 'login' | 'tls'>;
  readonly client: Pick<Parameters<typeof natsTransport>[0], 'login' | 'tls'>;
}

/** A client says something to a server over this NATS, and hears it back. */
async function echoed(address: string, scheme: string, { server, client }: Ways): Promise<string> {
  const gateway = createNatsTransport({
    config: { servers: [address], ...server },
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  await gateway.start({
    authenticate: () => Promise.reject(new Error('no key travels over NATS')),
    authenticateProof: async (sysCode, proves) => {
      const keyHash = hashSystemKey(SYSTEM_KEY);
      if (!proves(keyHash)) throw new Error('not proved');
      return { sysCode, keyId: '1', keyHash };
    },
    accept: (connection: Connection) => ({
      frame: (text) => void connection.send(`${text}, heard`),
      unreadable: () => {},
      forged: () => {},
      closed: () => {},
    }),
  });
  try {
    return await new Promise<string>((resolve, reject) => {
      natsTransport({ servers: `${scheme}://${address}`, systemKey: SYSTEM_KEY, ...client })
        .connect({ message: resolve, closed: reject }, new AbortController().signal)
        .then((link) => link.send('said'), reject);
    });
  } finally {
    await gateway.close();
    await gateway.end();
  }
}

const BY_NKEY: Ways = {
  server: { login: { kind: 'nkey', seed: users.server.seed }, tls: null },
  client: { login: { nkey: users.pbap.seed } },
};
const BY_PASSWORD: Ways = {
  server: { login: { kind: 'password', user: 'server', password: 'PASSWORD-SERVER' }, tls: null },
  client: { login: { user: 'PBAP', password: 'PASSWORD-PBAP' } },
};

describe('docs/nats.md', () => {
  test.each([
    ['nkeys', BY_NKEY],
    ['passwords', BY_PASSWORD],
  ] as const)('the configuration with %s works as it stands there', async (name, ways) => {
    const nats = await startTestNats({
      systems: [],
      file: (places) => filled(blocks.get(name) ?? '', places),
    });
    expect(await echoed(`127.0.0.1:${nats.port}`, 'nats', ways)).toBe('said, heard');
    const wrong = { ...ways.client, login: { user: 'PBAP', password: 'guessed' } };
    await expect(echoed(`127.0.0.1:${nats.port}`, 'nats', { ...ways, client: wrong })).rejects.toMatchObject({
      kind: 'unauthorised',
    });
    await nats.stop();
  });

  test('the configuration with TLS works, and TLS is neither left out nor taken from anybody', async () => {
    const text = `${blocks.get('nkeys')}${blocks.get('tls')}`;
    const nats = await startTestNats({ systems: [], file: (places) => filled(text, places) });
    const address = `127.0.0.1:${nats.port}`;
    const caFile = tlsFile('ca.crt');
    const trusted: Ways = {
      server: { ...BY_NKEY.server, tls: { caFile } },
      client: { ...BY_NKEY.client, tls: { caFile } },
    };
    expect(await echoed(address, 'tls', trusted)).toBe('said, heard');
    const unknown = natsTransport({ servers: `tls://${address}`, systemKey: SYSTEM_KEY, ...BY_NKEY.client });
    const handlers = { message: () => {}, closed: () => {} };
    await expect(unknown.connect(handlers, new AbortController().signal)).rejects.toMatchObject({
      kind: 'unreachable',
    });
    await nats.stop();
    const plain = await startTestNats({
      systems: [],
      file: (places) => filled(blocks.get('nkeys') ?? '', places),
    });
    const stripped = natsTransport({
      servers: `tls://127.0.0.1:${plain.port}`,
      systemKey: SYSTEM_KEY,
      ...trusted.client,
    });
    await expect(stripped.connect(handlers, new AbortController().signal)).rejects.toThrow(/tls/);
    await plain.stop();
  });

  test('tells every variable that is read', () => {
    const source = readFileSync(new URL('../../packages/server/src/config-nats.ts', import.meta.url), 'utf8');
    const names = [...source.matchAll(/PICULUS_NATS_[A-Z_]+[A-Z]/g)].map(([name]) => name);
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) expect(page).toContain(`\`${name}\``);
    for (const name of ['CREDENTIALS', 'NKEY_FILE', 'CA_FILE', 'CERT_FILE', 'KEY_FILE'])
      expect(page).toContain(`\`PICULUS_NATS_${name}\``);
  });
});

describe('piculus nats config', () => {
  test('writes what nats-server takes, keeps users that are there, and lets nobody else read their keys', async () => {
    const order = { folder, listen: '127.0.0.1:4222', passwords: false, tls: null };
    const first = await writeNatsConfig({ ...order, systems: ['PBAP'] });
    const seed = readFileSync(join(folder, 'PBAP.nkey'), 'utf8').trim();
    const second = await writeNatsConfig({ ...order, systems: ['PBAP', 'PBMS'] });
    expect(first.users.map(({ name, made }) => [name, made])).toEqual([
      ['server', true],
      ['PBAP', true],
    ]);
    expect(second.users.map(({ made }) => made)).toEqual([false, false, true]);
    for (const { file } of second.users) expect(statSync(file).mode & 0o077).toBe(0);
    expect(statSync(second.configFile).mode & 0o077).toBe(0);
    const written = readFileSync(second.configFile, 'utf8');
    expect(written).not.toContain(seed);
    const nats = await startTestNats({
      systems: [],
      file: ({ listen, storeDir }) =>
        written.replace('127.0.0.1:4222', listen).replace(join(folder, 'store'), storeDir),
    });
    const server = readFileSync(join(folder, 'server.nkey'), 'utf8').trim();
    const ways: Ways = {
      server: { login: { kind: 'nkey', seed: server }, tls: null },
      client: { login: { nkey: seed } },
    };
    expect(await echoed(`127.0.0.1:${nats.port}`, 'nats', ways)).toBe('said, heard');
    await nats.stop();
  });
});

describe('the variables', () => {
  const read = (environment: Record<string, string>) => {
    const reader = createConfigReader(environment);
    return { config: readNats(reader), problems: reader.problems };
  };
  test('an address, several, and none', () => {
    expect(read({})).toEqual({ config: null, problems: [] });
    expect(read({ PICULUS_NATS_URL: 'nats://127.0.0.1,nats://localhost:4333' })).toEqual({
      config: { servers: ['127.0.0.1:4222', 'localhost:4333'], login: { kind: 'none' }, tls: null },
      problems: [],
    });
    const { config, problems } = read({
      PICULUS_NATS_URL: 'tls://bus.example.com',
      PICULUS_NATS_CA_FILE: 'ca.crt',
    });
    expect(problems).toEqual([]);
    expect(config).toMatchObject({ servers: ['bus.example.com:4222'], tls: { caFile: 'ca.crt' } });
  });
  test.each([
    [{ PICULUS_NATS_URL: 'http://127.0.0.1' }, /begin with nats/],
    [{ PICULUS_NATS_URL: 'nats://user:secret@127.0.0.1' }, /without a user/],
    [{ PICULUS_NATS_URL: 'nats://bus.example.com' }, /tls:\/\/ outside/],
    [{ PICULUS_NATS_URL: 'nats://127.0.0.1,tls://127.0.0.1' }, /for all servers or for none/],
    [{ PICULUS_NATS_USER: 'server' }, /PICULUS_NATS_USER needs PICULUS_NATS_URL/],
    [{ PICULUS_NATS_URL: 'nats://127.0.0.1', PICULUS_NATS_USER: 'server' }, /need each other/],
    [{ PICULUS_NATS_URL: 'nats://127.0.0.1', PICULUS_NATS_NKEY_FILE: '/nowhere/at/all' }, /cannot be read/],
  ])('%o is refused', (environment, reason) => {
    const { problems } = read(environment as Record<string, string>);
    expect(problems.join('\n')).toMatch(reason);
    expect(problems.join('\n')).not.toContain('secret');
  });
  test('a password and a key come from files', () => {
    const file = join(folder, 'one.password');
    writeFileSync(file, 'open sesame\n');
    const given = {
      PICULUS_NATS_URL: 'nats://127.0.0.1',
      PICULUS_NATS_USER: 'server',
      PICULUS_NATS_PASSWORD_FILE: file,
    };
    expect(read(given).config?.login).toEqual({ kind: 'password', user: 'server', password: 'open sesame' });
    const wrongKey = { PICULUS_NATS_URL: 'nats://127.0.0.1', PICULUS_NATS_NKEY_FILE: file };
    expect(read(wrongKey).problems.join()).toMatch(/SU and 56/);
  });
});
