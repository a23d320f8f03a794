import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BenchReport } from '../../benchmarks/src/cell.ts';
import { readReports, writeReport } from '../../benchmarks/src/files.ts';
import { asPage } from '../../benchmarks/src/page.ts';
import { compare } from '../../benchmarks/src/statistics.ts';

const MACHINE: BenchReport['machine'] = {
  processor: 'one',
  cores: 2,
  memoryGb: 4,
  kernel: 'a kernel',
  loadBefore: 0.1,
  node: '24.0.0',
  postgres: '15.1',
};
const report = (cells: BenchReport['cells'], more: Partial<BenchReport> = {}): BenchReport => ({
  machine: MACHINE,
  versions: { piculus: '0.1.0' },
  settings: { quick: false },
  cells,
  figures: {},
  wrong: [],
  ...more,
});
const DRAIN = report([
  {
    cell: 'drain',
    ...compare({
      variant: '2 tasks',
      peer: 'another | queue',
      unit: 'tasks/s',
      target: 2,
      better: 'higher',
      values: [1_000, 3_000],
      peerValues: [4_000, 4_000],
    }),
  },
]);
const cost = (ingestUs: number, drainUs: number) => ({ ingestUs, drainUs, bothUs: ingestUs + drainUs });
const GROWTH = report([], {
  figures: { growth: { stored: { 10000: [cost(100, 301), cost(90, 299)], 100000: [cost(110, 320)] } } },
  wrong: ['growth: 3 are missing'],
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'piculus-page-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('reports as a page', () => {
  it('has a row for each comparison, with its spread and whether the target was met', () => {
    const lines = asPage([DRAIN]);
    expect(lines[0]).toBe(
      'processor one; cores 2; memoryGb 4; kernel a kernel; loadBefore 0.1; node 24.0.0; postgres 15.1; piculus 0.1.0.',
    );
    expect(lines.at(-1)).toBe(
      '| drain | 2 tasks | another \\| queue | tasks/s | 2,000 (1,000 to 3,000) | 4,000 (4,000 to 4,000) | 0.50 (0.25 to 0.75) | ≥ 2.00 | **no** |',
    );
    expect(asPage([])).toEqual([]);
  });

  it('says of a quick run that it was one, and what was wrong', () => {
    const quick = { ...DRAIN, settings: { quick: true } };
    expect(asPage([quick]).at(-1)).toContain('| drain, quick |');
    expect(asPage([GROWTH]).at(-1)).toContain('growth: 3 are missing');
  });

  it('draws growth by medians, from zero', () => {
    const lines = asPage([DRAIN, GROWTH]);
    const chart = lines.slice(lines.indexOf('```mermaid'), lines.lastIndexOf('```') + 1);
    expect(chart).toEqual([
      '```mermaid',
      'xychart-beta',
      '  title "Processor time of server and PostgreSQL for a problem: drained above, taken in below"',
      '  x-axis "problems stored" ["10,000", "100,000"]',
      '  y-axis "microseconds" 0 --> 400',
      '  line "taken in" [95, 110]',
      '  line "drained" [300, 320]',
      '```',
    ]);
    expect(asPage([DRAIN])).not.toContain('```mermaid');
  });
});

describe('reports in a folder', () => {
  it('come back in the order of the cells, the later one of a name alone', () => {
    writeReport(folder, 'growth', GROWTH);
    writeReport(folder, 'drain', report([]));
    writeReport(folder, 'drain', DRAIN);
    expect(readReports(folder, ['drain', 'growth'])).toEqual([DRAIN, GROWTH]);
    expect(readReports(folder, ['growth'])).toEqual([GROWTH, DRAIN]);
  });

  it('are missed by name: none, no folder, no report', () => {
    expect(() => readReports(folder, [])).toThrow(`there is no report in ${folder}`);
    expect(() => readReports(join(folder, 'nowhere'), [])).toThrow('nowhere cannot be read');
    writeFileSync(join(folder, 'drain.json'), '{"cells":[]}');
    expect(() => readReports(folder, [])).toThrow('drain.json is not the report of a run');
    writeFileSync(join(folder, 'drain.json'), '{');
    expect(() => readReports(folder, [])).toThrow('drain.json is not the report of a run');
  });
});
