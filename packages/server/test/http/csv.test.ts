/** Cells that a spreadsheet would run, and cells that would break a line. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvLine } from '../../src/http/csv.ts';
import { parseCsv } from './parse-csv.ts';

const cell = (text: string): string => csvLine([text]).slice(0, -2);

describe('a line of CSV', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+cmd', "'+cmd"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ['\n=1', '"\'\n=1"'],
    ['  =1', "'  =1"],
    ['\u3000＝1', "'\u3000＝1"],
    ['＋1+1', "'＋1+1"],
    ['＠x', "'＠x"],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  ])('defuses %j', (text, expected) => {
    expect(cell(text)).toBe(expected);
  });

  it.each([
    ['R2026112200001', 'R2026112200001'],
    ['-5', '-5'],
    ['+12.50', '+12.50'],
    ['a=b', 'a=b'],
    ['订单号', '订单号'],
    ['', ''],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\r\nlines', '"two\r\nlines"'],
    [' a', '" a"'],
  ])('leaves %j a text', (text, expected) => {
    expect(cell(text)).toBe(expected);
  });

  it('writes numbers, truths and nothing as they are', () => {
    expect(csvLine([{ number: '-70000' }, { number: 3 }, true, null, 'x'])).toBe('-70000,3,true,,x\r\n');
  });

  it('is read as what was written, and no text begins a formula', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.array(fc.string({ unit: fc.constantFrom(...'=+-@\t\r\n",; a1＝') }), {
            minLength: 2,
            maxLength: 2,
          }),
        ),
        (rows) => {
          const read = parseCsv(rows.map(csvLine).join(''));
          expect(read.map((row) => row.map((text) => text.replace(/^'/, '')))).toEqual(
            rows.map((row) => row.map((text) => text.replace(/^'/, ''))),
          );
          for (const text of read.flat())
            expect(/^[=+\-@\t\r\n＝]/.test(text) && !/^[+-][0-9]+$/.test(text)).toBe(false);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
