/** Nodes on several machines: each has a folder of its own, and the key of the audit is a file that all are given. */
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyAudit } from '../../src/admin.ts';
import { readCheckpointPublicKey } from '../../src/audit/key.ts';
import { loadConfig, type ServerConfig } from '../../src/config.ts';
import { startNodes, type TestNodes, until } from './support.ts';

let folder = '';
let keyFile = '';
let shared: Partial<ServerConfig>;
let test: TestNodes;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'piculus-audit-key-'));
  keyFile = join(folder, 'audit.pem');
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const { auditKeyFile, secret, signingKeysDir } = loadConfig({
    PICULUS_AUDIT_KEY_FILE: keyFile,
    PICULUS_SECRET: 'kX29vmQ18rtLp03ZsWq7bYd5Nc1Jh6Gf0aE=',
    PICULUS_SIGNING_KEYS_DIR: join(folder, 'signing-keys'),
  });
  shared = { auditKeyFile, secret, signingKeysDir };
  test = await startNodes({ change: shared });
});
afterAll(async () => {
  await test.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('PICULUS_AUDIT_KEY_FILE', () => {
  it('is the key of every node, whatever folder it has, and none is made beside it', async () => {
    const dataDir = join(folder, 'another-machine');
    await (await test.start({ dataDir })).ready();
    const marks = await test.rows('SELECT DISTINCT audit_key FROM piculus.nodes');
    const key = (await readCheckpointPublicKey('/nowhere', keyFile))?.toString('hex') ?? '';
    expect(marks).toEqual([{ audit_key: key.slice(0, 16) }]);
    for (const each of [test.dataDir, dataDir])
      expect((await readdir(each).catch(() => [])).filter((name) => name.includes('audit'))).toEqual([]);
  });

  it('signs the checkpoints, and whoever has it alone can verify them', async () => {
    await test.nodes[0].api.createSystem({ body: { sysCode: 'PBAP', name: 'Payments' } });
    const verified = (file: string | null) =>
      verifyAudit(
        {
          ...loadConfig({}),
          ...shared,
          auditKeyFile: file,
          dataDir: '/nowhere',
          databaseUrl: test.databaseUrl,
        },
        { checkpoints: null, keys: [] },
      );
    await until(async () => (await test.rows('SELECT 1 FROM piculus.audit_checkpoints')).length > 0);
    expect(await verified(keyFile)).toMatchObject({ ok: true, faults: [] });
    const other = join(folder, 'other.pem');
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(other, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const { ok, faults } = await verified(other);
    expect({ ok, kinds: new Set(faults.map(({ kind }) => kind)) }).toEqual({
      ok: false,
      kinds: new Set(['checkpoint-forged']),
    });
  });

  it.each([
    ['is not there', async () => join(folder, 'missing.pem'), /ENOENT/],
    [
      'can be read by others',
      async () => {
        const open = join(folder, 'open.pem');
        await writeFile(open, await readFile(keyFile));
        await chmod(open, 0o644);
        return open;
      },
      /can be read by others/,
    ],
    [
      'is not such a key',
      async () => {
        const none = join(folder, 'none.pem');
        await writeFile(none, 'a text', { mode: 0o600 });
        return none;
      },
      /holds no Ed25519 key/,
    ],
  ])('stops a start where the file %s', async (_what, file, message) => {
    const path = await file();
    const before = await readFile(path, 'utf8').catch(() => null);
    await expect(test.start({ auditKeyFile: path })).rejects.toThrow(message);
    // Nobody makes one in its place.
    expect(await readFile(path, 'utf8').catch(() => null)).toBe(before);
  });
});
