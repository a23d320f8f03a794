/** Amounts of several currencies, one line each. */
import { Button, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { AmountFault, TypedAmount } from './amount-lines.ts';
import './AmountLines.css';

interface AmountLinesProps {
  /** What the amounts mean. */
  readonly label: string;
  readonly hint: string;
  readonly lines: readonly TypedAmount[];
  readonly faults: ReadonlyMap<number, AmountFault>;
  readonly onChange: (lines: readonly TypedAmount[]) => void;
}

export function AmountLines({ label, hint, lines, faults, onChange }: AmountLinesProps) {
  const { t } = useTranslation('limits');
  const { t: common } = useTranslation();
  const change = (key: number, part: Partial<TypedAmount>): void =>
    onChange(lines.map((line) => (line.key === key ? { ...line, ...part } : line)));
  const add = (): void => {
    const key = Math.max(-1, ...lines.map((line) => line.key)) + 1;
    onChange([...lines, { key, currency: '', amount: '' }]);
  };
  return (
    <fieldset className="amount-lines">
      <legend>{label}</legend>
      <p className="amount-lines-note">{hint}</p>
      {lines.map(({ key, currency, amount }, index) => {
        const fault = faults.get(key);
        const number = index + 1;
        return (
          <div key={key} className="amount-line">
            <TextInput
              label={t('field.currency')}
              aria-label={`${t('field.currency')} ${number}`}
              maxLength={3}
              spellCheck={false}
              autoComplete="off"
              className="amount-line-currency"
              value={currency}
              onChange={(event) => change(key, { currency: event.currentTarget.value.toUpperCase() })}
              error={fault === 'currency' || fault === 'twice' ? t(`bad.${fault}`) : undefined}
            />
            <TextInput
              label={t('field.amount')}
              aria-label={`${t('field.amount')} ${number}`}
              inputMode="decimal"
              autoComplete="off"
              maxLength={32}
              value={amount}
              onChange={(event) => change(key, { amount: event.currentTarget.value })}
              error={fault === 'amount' ? t('bad.amount') : undefined}
            />
            <Button
              variant="default"
              aria-label={t('field.removeAmount', { number })}
              onClick={() => onChange(lines.filter((line) => line.key !== key))}
            >
              {common('delete')}
            </Button>
          </div>
        );
      })}
      <Button variant="default" size="compact-sm" disabled={lines.length >= 20} onClick={add}>
        {t('field.addAmount')}
      </Button>
    </fieldset>
  );
}
