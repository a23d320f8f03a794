/** A number in the form of limits. */
import { TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { NUMBER_FIELDS, type NumberField } from './limit-values.ts';

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
