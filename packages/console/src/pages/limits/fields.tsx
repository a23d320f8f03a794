/** Fields of the form of limits. */
import { Button, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { type AmountFault, NUMBER_FIELDS, type NumberField, type TypedAmount } from './limit-values.ts';

interface NumberInputProps {
  readonly field: NumberField;
  readonly label: string;
  readonly description?: string;
  readonly value: string;
  readonly wrong: boolean;
  readonly onChange: (value: string) => void;
}

export function NumberInput({ field, label, description, value, wrong, onChange }: NumberInputProps) {
  const { t } = useTranslation('limits');
  const { min, max, whole } = NUMBER_FIELDS[field];
  const range = { min, max };
  return (
    <TextInput
      label={label}
      description={description}
      inputMode={whole ? 'numeric' : 'decimal'}
      autoComplete="off"
      maxLength={12}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={wrong ? t(whole ? 'bad.whole' : 'bad.number', range) : undefined}
    />
  );
}

interface AmountLinesProps {
  readonly lines: readonly TypedAmount[];
  readonly faults: ReadonlyMap<number, AmountFault>;
  readonly onChange: (lines: readonly TypedAmount[]) => void;
}

export function AmountLines({ lines, faults, onChange }: AmountLinesProps) {
  const { t } = useTranslation('limits');
  const { t: common } = useTranslation();
  const change = (key: number, part: Partial<TypedAmount>): void =>
    onChange(lines.map((line) => (line.key === key ? { ...line, ...part } : line)));
  const add = (): void => {
    const key = Math.max(-1, ...lines.map((line) => line.key)) + 1;
    onChange([...lines, { key, currency: '', amount: '' }]);
  };
  return (
    <fieldset className="limits-fields">
      <legend>{t('field.amounts')}</legend>
      <p className="limits-note">{t('field.amountsHint')}</p>
      {lines.map(({ key, currency, amount }, index) => {
        const fault = faults.get(key);
        const number = index + 1;
        return (
          <div key={key} className="limits-line">
            <TextInput
              label={t('field.currency')}
              aria-label={`${t('field.currency')} ${number}`}
              maxLength={3}
              spellCheck={false}
              autoComplete="off"
              className="limits-currency"
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
