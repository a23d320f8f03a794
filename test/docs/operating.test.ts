/** Every block of commands of the page says whether a test runs it; what is marked so is run here. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '@piculus/protocol';
import { alertNames } from '../deploy/dashboard.ts';
import en from '../../packages/console/src/locales/en/index.ts';
import { METRICS } from '../../packages/server/src/telemetry/table.ts';
import { withMetrics } from '../../packages/server/src/telemetry/page.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');

interface Block {
  readonly mark: string;
  readonly commands: string;
}
/** A block without a mark before it has an empty one. */
const blocks: readonly Block[] = [...page.matchAll(/(?:<!-- ([^>]*) -->\n)?```sh\n([\s\S]*?)```/g)].map(
  ([, mark = '', commands = '']) => ({ mark, commands }),
);

describe('the page of operating', () => {
  it('says of every block of commands whether a test runs it', () => {
    expect(blocks.length).toBeGreaterThan(4);
    const unsaid = blocks.filter(({ mark }) => !/^(run|run by: \S+|not run: .+)$/.test(mark));
    expect(unsaid).toEqual([]);
  });

  it('names tests that are there', () => {
    const tests = blocks.flatMap(({ mark }) => /^run by: (\S+)$/.exec(mark)?.[1] ?? []);
    expect(tests.filter((path) => !existsSync(`${ROOT}${path}`))).toEqual([]);
  });

  const run = blocks.filter(({ mark }) => mark === 'run');
  it.each(run)('$commands', ({ commands }) => {
    const { status, stderr } = spawnSync('sh', ['-eu', '-c', commands], { cwd: ROOT, encoding: 'utf8' });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('names files, alerts and metrics that are there', () => {
    const alerts = new Set(alertNames().map(({ name }) => name));
    const named = [...page.matchAll(/`(Piculus[A-Z]\w+)`/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => name !== undefined && !alerts.has(name))).toEqual([]);
    const metrics = [...page.matchAll(/\b(piculus_\w+)/g)].map(([, name]) => name ?? '');
    expect(metrics.filter((name) => !(name in METRICS))).toEqual([]);
    const files = [...page.matchAll(/`(deploy\/[\w./@-]+)`/g)].map(([, name]) => name ?? '');
    expect(files.filter((name) => !existsSync(`${ROOT}${name}`))).toEqual([]);
  });
});

/** Every text of an object of texts, however deep, with a gap for what is filled in. */
function textsOf(value: unknown): RegExp[] {
  if (typeof value === 'string') {
    const parts = value.split(/\{\{\w+\}\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return [new RegExp(`^${parts.join('.+')}$`)];
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

describe('what each failure looks like', () => {
  const table = page.slice(page.indexOf('| what fails |'), page.indexOf('## NATS\n'));
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const texts = [...textsOf(en), ...textsOf(Object.values(ERRORS).map(({ meaning }) => meaning.en))].filter(
    ({ source }) => source !== '^.+$',
  );

  it.each(rows.map(([, what = '', looks = '']) => ({ what, looks })))('$what', ({ looks }) => {
    const quoted = [...looks.matchAll(/“([^”]+)”/g)].map(([, text = '']) => text);
    expect(quoted.filter((text) => !texts.some((known) => known.test(text)))).toEqual([]);
  });

  it('quotes most of it, and would find a text that is not there', () => {
    expect(rows.length).toBeGreaterThan(14);
    expect(rows.filter(([, , looks = '']) => looks.includes('“')).length).toBeGreaterThan(11);
    expect(texts.some((known) => known.test('Connection lost, trying agan'))).toBe(false);
  });
});

it('the page of metrics has today’s table', () => {
  const metrics = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  // Stale: npm run build && node packages/server/scripts/metrics.mjs
  expect(metrics).toBe(withMetrics(metrics));
  expect(() => withMetrics('# Without a table')).toThrow(/no place/);
});
