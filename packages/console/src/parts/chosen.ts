/** What chosen problems come to. */
import type { Problem } from '@piculus/protocol/http';
import { amount, listed } from './format.ts';

export type Chosen = ReadonlyMap<string, Problem>;

export interface CurrencyAmount {
  readonly currency: string;
  readonly amountMinor: string;
}

type Countable = Pick<Problem, 'state' | 'amountMinor' | 'currency' | 'waitReason'>;

export interface Sum {
  readonly count: number;
  readonly amounts: readonly CurrencyAmount[];
  /** The server asks for a reason where a person has already been asked to look. */
  readonly reasonNeeded: boolean;
  /** Those that can run as they are now. */
  readonly eligible: { readonly count: number; readonly amounts: readonly CurrencyAmount[] };
  /** How many cannot. */
  readonly notEligible: number;
}

/** One sum for each currency, which are never added up. */
export function sumAmounts(rows: Iterable<CurrencyAmount>): CurrencyAmount[] {
  const amounts = new Map<string, bigint>();
  for (const { currency, amountMinor } of rows)
    amounts.set(currency, (amounts.get(currency) ?? 0n) + BigInt(amountMinor));
  return [...amounts]
    .map(([currency, sum]) => ({ currency, amountMinor: sum.toString() }))
    .sort((one, other) => (one.currency < other.currency ? -1 : 1));
}

/** What these problems come to. */
export function sumUp(rows: Iterable<Countable>): Sum {
  const problems = [...rows];
  const able = problems.filter(canRun);
  return {
    count: problems.length,
    amounts: sumAmounts(problems),
    eligible: { count: able.length, amounts: sumAmounts(able) },
    notEligible: problems.length - able.length,
    reasonNeeded: problems.some(({ state }) => state === 'exhausted' || state === 'needs-human'),
  };
}

/** As the server decides it; whatever it knows better, it tells in the run's results. */
export function canRun({ state, waitReason }: Pick<Problem, 'state' | 'waitReason'>): boolean {
  if (state === 'exhausted' || state === 'needs-human') return true;
  return state === 'pending' && waitReason !== 'no-solution' && waitReason !== 'disabled';
}

/** @returns for instance `CNY 1,234.50, USD 42.00`. */
export function amountsText(amounts: readonly CurrencyAmount[]): string {
  const texts = amounts.map(({ currency, amountMinor }) => amount(amountMinor, currency));
  // Of several none may be torn apart at the end of a line: "JPY" there and its figure here.
  return listed(texts.length > 1 ? texts.map((text) => text.replaceAll(' ', '\u00a0')) : texts);
}
