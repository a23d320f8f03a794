import { describe, expect, it } from 'vitest';
import { readArguments, usage } from '../../benchmarks/src/arguments.ts';
import type { BenchReport, Cell, CellResult } from '../../benchmarks/src/cell.ts';
import { CELLS } from '../../benchmarks/src/cells.ts';
import { combinationsOf } from '../../benchmarks/src/queues/tune.ts';
import { asTable, failed, joined } from '../../benchmarks/src/report.ts';
import { compare } from '../../benchmarks/src/statistics.ts';

const nothing: CellResult = { comparisons: [], figures: {}, lines: [], wrong: [] };
const cell = (options: Cell['options']): Cell => ({
  says: 'does nothing',
  options,
  run: async () => nothing,
});
const known = {
  first: cell({
    tasks: { otherwise: 1_000, whenQuick: 10, says: 'tasks' },
    rounds: { otherwise: 5, says: 'rounds' },
  }),
  second: cell({ tasks: { otherwise: 7, says: 'tasks' } }),
};
const options = (args: readonly string[]) =>
  readArguments(args, known)?.cells.map(([name, given]) => [name, Object.fromEntries(given)]);

describe('what a benchmark is asked for', () => {
  it('runs all cells where none is named, each with its own options', () => {
    expect(options([])).toEqual([
      ['first', { tasks: 1_000, rounds: 5 }],
      ['second', { tasks: 7 }],
    ]);
    expect(readArguments([], CELLS)?.cells.map(([name]) => name)).toEqual(Object.keys(CELLS));
  });

  it('runs the named ones, once each, in the order given', () => {
    expect(options(['second', 'first', 'second'])?.map(([name]) => name)).toEqual(['second', 'first']);
    expect(() => options(['third'])).toThrow('there is no cell "third"; there are first, second');
  });

  it('is smaller with --quick where a cell says so, and an option wins over both', () => {
    expect(options(['--quick'])).toEqual([
      ['first', { tasks: 10, rounds: 5 }],
      ['second', { tasks: 7 }],
    ]);
    expect(options(['first', '--quick', '--tasks', '99'])).toEqual([['first', { tasks: 99, rounds: 5 }]]);
    expect(() => options(['--tasks', 'many'])).toThrow('--tasks must be a whole number');
    expect(() => options(['--faster'])).toThrow();
  });

  it('tries every combination of a grid once', () => {
    expect(combinationsOf({ size: [1, 2], queue: ['short', 'long'] })).toEqual([
      { size: 1, queue: 'short' },
      { size: 1, queue: 'long' },
      { size: 2, queue: 'short' },
      { size: 2, queue: 'long' },
    ]);
    expect(readArguments(['--tune', '--quick'], known)).toMatchObject({ tune: true, quick: true });
  });

  it('explains itself with every cell and option', () => {
    expect(readArguments(['--help'], known)).toBeNull();
    expect(usage(known).join('\n')).toContain('--tasks 1000 (quick: 10)');
  });
});

describe('what a benchmark prints', () => {
  const met = compare({
    variant: '10 tasks',
    peer: 'another',
    unit: 'tasks/s',
    target: 2,
    better: 'higher',
    values: [30, 31, 29],
    peerValues: [10, 10, 10],
  });
  const missed = { ...met, variant: '90 % repeats', better: 'lower', ok: false } as const;
  const alone = { ...met, peer: 'a limit', peerValue: null, ratio: null, target: null, ok: null };
  const results = new Map<string, CellResult>([
    ['drain', { ...nothing, comparisons: [met, missed], figures: { rounds: 3 }, wrong: ['one was lost'] }],
    ['limit', { ...nothing, comparisons: [alone], lines: [['orders', '12']] }],
  ]);
  const report: BenchReport = {
    machine: {
      processor: 'some processor',
      cores: 2,
      memoryGb: 8,
      kernel: '6',
      loadBefore: 0,
      node: '24',
      postgres: '15',
    },
    versions: { piculus: '1', another: '2' },
    settings: { quick: true, options: {} },
    ...joined(results),
  };

  it('is one object with machine, versions, settings, and a line for each comparison of each cell', () => {
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      machine: { cores: 2 },
      versions: { another: '2' },
      settings: { quick: true },
      cells: [
        {
          cell: 'drain',
          variant: '10 tasks',
          peer: 'another',
          value: 30,
          peerValue: 10,
          ratio: 3,
          target: 2,
          better: 'higher',
          ok: true,
        },
        { cell: 'drain', variant: '90 % repeats', better: 'lower', ok: false },
        { cell: 'limit', peerValue: null, ratio: null, target: null, ok: null },
      ],
      figures: { drain: { rounds: 3 }, limit: {} },
      wrong: ['drain: one was lost'],
    });
  });

  it('says of a cell that broke what happened, as a missed line among the others', () => {
    const broken = failed(new Error('no such\n  program'));
    const all = new Map(results).set('poison', broken);
    const { cells, wrong } = joined(all);
    expect(cells.at(-1)).toMatchObject({ cell: 'poison', value: null, ok: false });
    expect(wrong).toEqual(['drain: one was lost', 'poison: not run: no such program']);
    const lines = asTable({ ...report, cells, wrong }, all);
    expect(lines.some((line) => /^poison .*not run: no such program$/.test(line))).toBe(true);
    expect(lines[1]).toMatch(/^drain .*10 tasks/);
  });

  it('is a table that says what is short of its target, and on what it was made', () => {
    const [head, ...lines] = asTable(report, results);
    expect(head?.split(/ {2,}/).slice(0, 4)).toEqual(['cell', 'variant', 'beside', 'Piculus']);
    expect(lines[0]).toMatch(/^drain .*10 tasks .*another .*30\.0 .*10\.0 .*3\.00 .*≥ 2\.00 +ok$/);
    expect(lines[1]).toMatch(/≤ 2\.00 +short of it$/);
    expect(lines[2]).toMatch(/^limit .*a limit/);
    expect(lines).toContain('limit: orders: 12');
    expect(lines).toContain('processor: some processor');
    expect(lines).toContain('another: 2');
    expect(lines).toContain('quick: true');
  });
});
