import { describe, expect, test } from 'vitest';
import { makeTransactions, readTransactions } from '../../src/demo/transactions.ts';

const HEADER = 'order_no,account_no,type,amount,currency,created_at';
const GOOD = 'T1,A1,recharge,700.00,CZK,1993-01-01T00:00:00Z';
const read = (...rows: string[]) => readTransactions(`${[HEADER, ...rows].join('\n')}\n`);

describe('a file of transactions', () => {
  test('is read in the order of its times, and of its rows where times are equal', () => {
    const rows = read(
      'T2,A1,withdraw,0.70,CZK,1993-01-02T00:00:00Z',
      GOOD,
      'T3,A2,recharge,1,JPY,1993-01-01T00:00:00Z',
    );
    expect(rows.map((row) => row.orderNo)).toEqual(['T1', 'T3', 'T2']);
    expect(rows.map((row) => row.amountMinor)).toEqual([70_000n, 1n, 70n]);
  });

  test.each([
    ['an unknown type', 'T2,A1,transfer,1.00,CZK,1993-01-01T00:00:00Z', /row 2 \(line 3\).*type "transfer"/],
    [
      'a negative amount',
      'T2,A1,recharge,-1.00,CZK,1993-01-01T00:00:00Z',
      /row 2.*amount "-1.00" is not more than zero/,
    ],
    ['a zero amount', 'T2,A1,recharge,0.00,CZK,1993-01-01T00:00:00Z', /row 2.*not more than zero/],
    ['too many decimals', 'T2,A1,recharge,1.001,CZK,1993-01-01T00:00:00Z', /row 2.*more than 2 decimals/],
    ['an amount in words', 'T2,A1,recharge,1e3,CZK,1993-01-01T00:00:00Z', /row 2.*not a decimal amount/],
    ['a huge amount', 'T2,A1,recharge,99999999999999.00,CZK,1993-01-01T00:00:00Z', /row 2.*too large/],
    ['a currency that is none', 'T2,A1,recharge,1.00,czk,1993-01-01T00:00:00Z', /row 2.*currency "czk"/],
    [
      'a second currency of an account',
      'T2,A1,recharge,1.00,EUR,1993-01-01T00:00:00Z',
      /account A1 has CZK in row 1/,
    ],
    ['a time that is none', 'T2,A1,recharge,1.00,CZK,1993-13-01T00:00:00Z', /row 2.*created_at/],
    ['a time in words', 'T2,A1,recharge,1.00,CZK,yesterday', /row 2.*created_at "yesterday"/],
    [
      'an order number that came before',
      'T1,A1,recharge,1.00,CZK,1993-01-01T00:00:00Z',
      /T1 is in row 1 already/,
    ],
    [
      'an order number with a space',
      'T 2,A1,recharge,1.00,CZK,1993-01-01T00:00:00Z',
      /row 2.*order_no "T 2"/,
    ],
    ['no account', 'T2,,recharge,1.00,CZK,1993-01-01T00:00:00Z', /row 2.*account_no ""/],
    ['a missing column', 'T2,A1,recharge,1.00,CZK', /row 2.*5 columns instead of 6/],
    ['a quote that never closes', 'T2,A1,"recharge,1.00,CZK,1993-01-01T00:00:00Z', /row \d.*line \d/],
  ])('is refused whole for %s, by the number of the row', (_, row, reason) => {
    expect(() => read(GOOD, row)).toThrow(reason);
  });

  test('is refused when it is empty, has no rows or another header', () => {
    expect(() => readTransactions('')).toThrow(/empty/);
    expect(() => readTransactions(`${HEADER}\n`)).toThrow(/no transactions/);
    expect(() => readTransactions(`order,account\n${GOOD}\n`)).toThrow(/first line must be/);
  });

  test('may have Windows line ends and a byte order mark', () => {
    expect(readTransactions(`\uFEFF${HEADER}\r\n${GOOD}\r\n`)).toHaveLength(1);
  });
});

test('made transactions are repeated by their seed', () => {
  expect(makeTransactions(200, 7)).toEqual(makeTransactions(200, 7));
  expect(makeTransactions(200, 7)).not.toEqual(makeTransactions(200, 8));
});
