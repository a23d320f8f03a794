/** The systemd units are what systemd itself accepts, and they stop a node within the time that it needs. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../deploy/systemd/', import.meta.url));
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
    expect(units).toContain('piculus@.service');
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
