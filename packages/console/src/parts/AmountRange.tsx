/** Least and most, typed as decimals and kept as minor units in the address. */
import { currencyExponent, formatDecimalAmount, parseDecimalAmount } from '@piculus/protocol';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RangeProps } from './TimeRange.tsx';
import { TypedText } from './TypedText.tsx';

/** Minor units mean something only with a currency; without one that is chosen, two decimals are taken. */
const OTHERWISE = 'CNY';

export function AmountRange({ field, from, to, filters }: RangeProps) {
  const { t } = useTranslation();
  const [wrong, setWrong] = useState<Readonly<Record<string, boolean>>>({});
  const chosen = filters.values['currency'] ?? OTHERWISE;
  const currency = chosen.includes(',') ? OTHERWISE : chosen;
  const commit = (name: string, text: string): void => {
    const minor = text === '' ? '' : minorOf(text, currency);
    setWrong((now) => ({ ...now, [name]: minor === null }));
    if (minor !== null) filters.set({ [name]: minor });
  };
  const input = (name: string, word: string) => (
    <TypedText
      inputMode="decimal"
      label={`${field.label} ${word}`}
      placeholder={currencyExponent(currency) === 0 ? '0' : '0.00'}
      value={decimalOf(filters.values[name], currency)}
      onCommit={(text) => commit(name, text)}
      error={wrong[name] === true ? t('notAnAmount') : undefined}
    />
  );
  return (
    <div className="filter-range">
      {input(from, t('from'))}
      {input(to, t('to'))}
    </div>
  );
}

function minorOf(text: string, currency: string): string | null {
  try {
    return parseDecimalAmount(text.replace(/[,\s]/g, ''), currency).toString();
  } catch {
    return null;
  }
}

function decimalOf(minor: string | undefined, currency: string): string {
  return minor !== undefined && /^-?[0-9]+$/.test(minor) ? formatDecimalAmount(BigInt(minor), currency) : '';
}
