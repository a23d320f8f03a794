import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cellWidth, printable, renderTable } from '../src/text-table.ts';
import { VERSION } from '../src/version.ts';

describe('tables', () => {
  it('line up with wide characters', () => {
    const rows = [
      { key: 'R1', amount: '5.00' },
      { key: '订单2', amount: '1,000.00' },
    ];
    const text = renderTable(rows, [
      { title: 'key', value: ({ key }) => key },
      { title: 'amount', value: ({ amount }) => amount, align: 'right' },
    ]);
    expect(text.split('\n')).toEqual(['key      amount', 'R1         5.00', '订单2  1,000.00']);
    expect(cellWidth('订单2')).toBe(5);
  });

  it('show control characters as what they are not', () => {
    expect(printable('a\u001b[31mred\u0007\n\u202eb')).toBe('a\ufffd[31mred\ufffd\ufffd\ufffdb');
  });
});

it('says the version of the package', () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(manifest).toMatchObject({ version: VERSION });
});
