/** The transactions that the demo books: read from a CSV file, or made from a seed. */
import { parseDecimalAmount } from '@piculus/protocol';
import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { DemoError } from './demo-error.ts';
import { seededRandom } from './random.ts';

export interface Transaction {
  readonly orderNo: string;
  readonly accountNo: string;
  readonly type: 'recharge' | 'withdraw';
  readonly amountMinor: bigint;
  readonly currency: string;
  /** As in the file; the demo keeps the order of these times and moves them into the last days. */
  readonly createdAt: Date;
}

const COLUMNS = ['order_no', 'account_no', 'type', 'amount', 'currency', 'created_at'] as const;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
/** Sums of amounts must stay far inside a bigint column. */
const AMOUNT_MAX_MINOR = 10n ** 15n;

/**
 * Reads a whole file strictly: one bad row refuses all of it.
 * @throws DemoError with the row's number (the first row after the header is row 1) and the reason.
 */
export function readTransactions(csv: string): Transaction[] {
  const rows = parseRows(csv);
  const header = rows[0];
  if (header === undefined) throw new DemoError('the file of transactions is empty');
  if (header.record.join(',') !== COLUMNS.join(',')) {
    throw new DemoError(`the first line must be "${COLUMNS.join(',')}", not "${header.record.join(',')}"`);
  }
  const orders = new Map<string, number>();
  const currencies = new Map<string, { readonly currency: string; readonly row: number }>();
  const transactions = rows.slice(1).map(({ record, line }, index) => {
    const row = index + 1;
    const refuse = (reason: string): never => {
      throw new DemoError(`row ${row} (line ${line}) of the transactions: ${reason}; nothing was booked`);
    };
    const transaction = readRow(record, refuse);
    const earlier = orders.get(transaction.orderNo);
    if (earlier !== undefined) refuse(`order_no ${transaction.orderNo} is in row ${earlier} already`);
    orders.set(transaction.orderNo, row);
    const account = currencies.get(transaction.accountNo) ?? { currency: transaction.currency, row };
    if (account.currency !== transaction.currency) {
      refuse(`account ${transaction.accountNo} has ${account.currency} in row ${account.row}`);
    }
    currencies.set(transaction.accountNo, account);
    return transaction;
  });
  if (transactions.length === 0) throw new DemoError('the file has no transactions');
  return inOrderOfTime(transactions);
}

const parsedSchema = z.array(
  z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) }),
);

function parseRows(csv: string): Array<{ readonly record: readonly string[]; readonly line: number }> {
  try {
    const parsed = parsedSchema.parse(
      parse(csv, { bom: true, info: true, relax_column_count: true, skip_empty_lines: true, columns: false }),
    );
    return parsed.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number(error.lines ?? 1);
    throw new DemoError(
      `row ${Math.max(line - 1, 0)} (line ${line}) of the transactions: ${error.message}; nothing was booked`,
    );
  }
}

function readRow(record: readonly string[], refuse: (reason: string) => never): Transaction {
  if (record.length !== COLUMNS.length)
    refuse(`it has ${record.length} columns instead of ${COLUMNS.length}`);
  const [orderNo = '', accountNo = '', type = '', amount = '', currency = '', createdAt = ''] = record;
  if (!NAME.test(orderNo))
    refuse(`order_no "${orderNo}" is not a name of letters, digits, ".", "_", "-" (at most 60)`);
  if (!NAME.test(accountNo))
    refuse(`account_no "${accountNo}" is not a name of letters, digits, ".", "_", "-" (at most 60)`);
  if (type !== 'recharge' && type !== 'withdraw')
    return refuse(`type "${type}" is neither recharge nor withdraw`);
  if (!/^[A-Z]{3}$/.test(currency)) refuse(`currency "${currency}" is not three capital letters`);
  const at = new Date(createdAt);
  if (!TIME.test(createdAt) || Number.isNaN(at.getTime())) {
    refuse(`created_at "${createdAt}" is not a time like 1993-01-31T10:00:00Z`);
  }
  return {
    orderNo,
    accountNo,
    type,
    amountMinor: readAmount(amount, currency, refuse),
    currency,
    createdAt: at,
  };
}

function readAmount(amount: string, currency: string, refuse: (reason: string) => never): bigint {
  try {
    const minor = parseDecimalAmount(amount, currency);
    if (minor <= 0n) return refuse(`amount "${amount}" is not more than zero`);
    if (minor > AMOUNT_MAX_MINOR) return refuse(`amount "${amount}" is too large`);
    return minor;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refuse(`amount ${error.message}`);
  }
}

/** Sorting is stable: what has the same time keeps the order of the file. */
function inOrderOfTime(transactions: Transaction[]): Transaction[] {
  return transactions.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
}

/** Makes transactions that look like a small bank's: many small amounts, few large ones. */
export function makeTransactions(count: number, seed: number, prefix = 'T'): Transaction[] {
  const random = seededRandom(seed);
  const accounts = Math.max(1, Math.ceil(count / 20));
  const start = Date.UTC(2026, 0, 1);
  return Array.from({ length: count }, (_, index) => ({
    orderNo: `${prefix}${String(index + 1).padStart(7, '0')}`,
    accountNo: `A${String(1 + Math.floor(random() * accounts)).padStart(5, '0')}`,
    type: random() < 0.55 ? 'recharge' : 'withdraw',
    amountMinor: 100n + BigInt(Math.floor(10 ** (2 + random() * 4))),
    currency: 'CNY',
    createdAt: new Date(start + index * 60_000),
  }));
}
