/** The compose file, read as the servers and nats-server read what it gives them. No container is started. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '@piculus/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { findNatsServer } from '../support/nats.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/docker/', import.meta.url));
const CLI = fileURLToPath(new URL('../../packages/cli/bin/piculus.js', import.meta.url));
const NATS_FOLDER = '/var/lib/piculus-nats';
const VALUES = new Map([
  ['PICULUS_SECRET', 'kX29vmQ18rtLp03ZsWq7bYd5Nc1Jh6Gf0aE='],
  ['POSTGRES_PASSWORD', 'a-password'],
]);

const serviceSchema = z.object({
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  depends_on: z
    .union([z.array(z.string()), z.record(z.string(), z.object({ condition: z.string() }))])
    .default([]),
  volumes: z.array(z.string()).default([]),
  command: z.array(z.string()).default([]),
  user: z.string().optional(),
});
const fileSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.null()),
});

/** Variables that the file asks for and the example has no line for. */
const unknown: string[] = [];
const example = new Map(
  [...readFileSync(join(FOLDER, 'example.env'), 'utf8').matchAll(/^(\w+)=(.*)$/gm)].map(
    ([, name = '', value = '']) => [name, value],
  ),
);
const text = readFileSync(join(FOLDER, 'compose.yaml'), 'utf8').replace(
  /\$\{(\w+):\?\}/g,
  (_all, name: string) => {
    const value = example.get(name);
    if (value === undefined) unknown.push(name);
    return value === '' || value === undefined ? (VALUES.get(name) ?? '') : value;
  },
);
const { services, volumes } = fileSchema.parse(parse(text, { merge: true }));
const nodes = Object.entries(services).filter(([name]) => name.startsWith('node-'));
/** What the image itself sets. */
const image = Object.fromEntries(
  [...readFileSync(join(FOLDER, 'Dockerfile'), 'utf8').matchAll(/^(?:ENV| {3}) (PICULUS_\w+)=(\S+)/gm)].map(
    ([, name = '', value = '']) => [name, value],
  ),
);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'piculus-compose-'));
  const [program, script, ...args] = services['nats-config']?.command ?? [];
  expect([program, script]).toEqual(['node', 'packages/cli/bin/piculus.js']);
  const here = args.map((arg) => arg.replace(NATS_FOLDER, folder));
  const { status, stderr } = spawnSync(process.execPath, [CLI, ...here], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the compose file', () => {
  it('asks for nothing that its example does not name', () => {
    expect(unknown).toEqual([]);
    expect(example.size).toBe(4);
  });

  it('names services, volumes and files that are there', () => {
    for (const [name, { depends_on: needs, volumes: mounts }] of Object.entries(services)) {
      const needed = Array.isArray(needs) ? needs : Object.keys(needs);
      expect([name, needed.filter((other) => !(other in services))]).toEqual([name, []]);
      const sources = mounts.map((mount) => mount.split(':')[0] ?? '');
      const missing = sources.filter((source) =>
        source.startsWith('.') ? !existsSync(join(FOLDER, source)) : !(source in volumes),
      );
      expect([name, missing]).toEqual([name, []]);
    }
  });

  it.each(nodes.map(([name, { environment }]) => ({ name, environment })))(
    'gives $name what a server can start with',
    ({ environment }) => {
      const given = Object.entries(environment).map(([key, value]) => [
        key,
        String(value).replace(NATS_FOLDER, folder),
      ]);
      const config = loadConfig({ ...image, ...Object.fromEntries(given) });
      expect(config.port).toBe(7070);
      expect(config.secret).toBe(VALUES.get('PICULUS_SECRET'));
      expect(new URL(config.databaseUrl ?? '').hostname in services).toBe(true);
      expect(config.nats?.servers).toEqual(['nats:4222']);
      expect(config.nats?.login.kind).toBe('nkey');
    },
  );

  it('has two nodes with the same settings', () => {
    expect(nodes.map(([name]) => name)).toEqual(['node-a', 'node-b']);
    expect(nodes[0]?.[1].environment).toEqual(nodes[1]?.[1].environment);
  });

  it('gives nats-server a configuration that it accepts, with a user for the nodes and for each system', () => {
    const { command = [], user } = services.nats ?? {};
    const args = command.map((arg) => arg.replace(NATS_FOLDER, folder));
    const { status } = spawnSync(findNatsServer(), [...args, '-t'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(user).toBe('1000:1000');
    for (const name of ['server', 'PBAP']) expect(existsSync(join(folder, `${name}.nkey`))).toBe(true);
  });
});
