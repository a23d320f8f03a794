import type { ReactNode } from 'react';
import { amount } from './format.ts';

/** One amount: minor units as digits, and its currency. */
export function Amount({ minor, currency }: { minor: string; currency: string }) {
  return <span className="amount">{amount(minor, currency)}</span>;
}

/** Amounts of several currencies; they are never added up. */
export function Amounts({
  of,
  otherwise = null,
}: {
  of: readonly { readonly currency: string; readonly amountMinor: string }[];
  otherwise?: ReactNode;
}) {
  if (of.length === 0) return otherwise;
  return (
    <span className="amounts">
      {of.map(({ currency, amountMinor }) => (
        <Amount key={currency} minor={amountMinor} currency={currency} />
      ))}
    </span>
  );
}
