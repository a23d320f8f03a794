/** Amounts of several currencies as they are typed, and as they are kept. Pure. */
import { formatDecimalAmount, parseDecimalAmount } from '@piculus/protocol';

export interface TypedAmount {
  readonly key: number;
  readonly currency: string;
  readonly amount: string;
}
export interface KeptAmount {
  currency: string;
  amountMinor: string;
}
export type AmountFault = 'currency' | 'twice' | 'amount';

export function linesOf(amounts: readonly KeptAmount[]): TypedAmount[] {
  return amounts.map(({ currency, amountMinor }, key) => ({
    key,
    currency,
    amount: formatDecimalAmount(BigInt(amountMinor), currency),
  }));
}

/** @returns the amounts, and what is wrong by the key of its line. A line without anything typed is left out. */
export function amountsOf(lines: readonly TypedAmount[]): {
  readonly amounts: KeptAmount[];
  readonly faults: ReadonlyMap<number, AmountFault>;
} {
  const faults = new Map<number, AmountFault>();
  const amounts: KeptAmount[] = [];
  for (const line of lines) {
    const currency = line.currency.trim().toUpperCase();
    if (currency === '' && line.amount.trim() === '') continue;
    const amountMinor = minorOf(line.amount, currency);
    if (!/^[A-Z]{3}$/.test(currency)) faults.set(line.key, 'currency');
    else if (amounts.some((each) => each.currency === currency)) faults.set(line.key, 'twice');
    else if (amountMinor === null) faults.set(line.key, 'amount');
    else amounts.push({ currency, amountMinor });
  }
  return { amounts, faults };
}

/** @returns null where it is no amount above 0. */
function minorOf(decimal: string, currency: string): string | null {
  try {
    const minor = parseDecimalAmount(decimal.replace(/[,\s]/g, ''), currency);
    return minor > 0n ? minor.toString() : null;
  } catch {
    return null;
  }
}
