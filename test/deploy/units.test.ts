/** The systemd units are what systemd itself accepts, and they stop a node within the time that it needs. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '@piculus/server';
import { beforeAll, describe, expect, it } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../deploy/systemd/', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const units = readdirSync(FOLDER);

function run(
  command: string,
  args: readonly string[],
): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return { code: status, said: `${stdout ?? ''}${stderr ?? ''}` };
}

beforeAll(() => {
  if (run('systemd-analyze', ['--version']).code === 0) return;
  // A container without an init has no systemd; the package brings the tool and starts nothing.
  if (process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], { env });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'systemd'], { env });
  }
  if (run('systemd-analyze', ['--version']).code !== 0)
    throw new Error(
      'the units are checked by systemd-analyze: install systemd (Debian: apt-get install systemd)',
    );
});

describe('the units', () => {
  it('are there', () => {
    expect(units.toSorted()).toEqual(['piculus-nats.service', 'piculus@.service']);
  });

  it.each(units)('%s is accepted', (unit) => {
    const folder = mkdtempSync(join(tmpdir(), 'piculus-units-'));
    try {
      // Of a template, an instance is checked.
      const name = unit.replace('@.', '@7070.');
      // What a unit names beside it must be there as well.
      for (const other of units)
        copyFileSync(join(FOLDER, other), join(folder, other.replace('@.', '@7070.')));
      const verified = run('systemd-analyze', ['verify', '--man=no', join(folder, name)]);
      // Other units of the machine may have faults of their own; ours may have none.
      const ours = verified.said.split('\n').filter((line) => line.includes('piculus'));
      expect(ours).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('would not be accepted with a word that is none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'piculus-units-'));
    try {
      const unit = join(folder, 'piculus@7070.service');
      const good = readFileSync(join(FOLDER, 'piculus@.service'), 'utf8');
      writeFileSync(unit, good.replace('Restart=always', 'Restart=sometimes\nNoNewPrivilege=yes'));
      const { said } = run('systemd-analyze', ['verify', '--man=no', unit]);
      expect(said).toMatch(/sometimes/);
      expect(said).toMatch(/NoNewPrivilege/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('give a node longer to stop than it needs', () => {
    const text = readFileSync(join(FOLDER, 'piculus@.service'), 'utf8');
    const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1]);
    const drainMs = Number(/PICULUS_DRAIN_MS=(\d+)$/m.exec(text)?.[1]);
    expect(seconds * 1_000).toBeGreaterThanOrEqual(drainMs + 20_000);
  });

  it('are given settings that a node starts with', () => {
    const folder = mkdtempSync(join(tmpdir(), 'piculus-settings-'));
    try {
      const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
      const here = (text: string): string =>
        text.replaceAll('/etc/piculus/keys', folder).replaceAll('/opt/piculus', ROOT);
      // What the page does once, as another user and into other folders.
      const once = /'(umask 077 [^']+)'/.exec(page)?.[1] ?? 'exit 1';
      const { code, said } = run('sh', ['-euc', here(once)]);
      expect({ code, said: code === 0 ? '' : said }).toEqual({ code: 0, said: '' });
      const [, ini = ''] = /```ini\n([\s\S]*?)```/.exec(page) ?? [];
      const settings = [...here(ini).matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [
        name,
        value.replace('…', name === 'PICULUS_SECRET' ? 'kX29vmQ18rtLp03ZsWq7bYd5Nc1Jh6Gf0aE=' : 'word'),
      ]);
      const config = loadConfig(Object.fromEntries(settings));
      expect(config.nats?.login.kind).toBe('nkey');
      expect(config.auditKeyFile).toBe(join(folder, 'audit.pem'));
      expect(readFileSync(join(folder, 'nats', 'nats-server.conf'), 'utf8')).toContain(
        'store_dir: "/var/lib/piculus-nats"',
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('let a node do little else', () => {
    const { said } = run('systemd-analyze', [
      'security',
      '--offline=yes',
      '--no-pager',
      join(FOLDER, 'piculus@.service'),
    ]);
    const exposure = Number(/Overall exposure level for .*: ([\d.]+)/.exec(said)?.[1]);
    expect(exposure).toBeLessThan(2.5);
  });
});
