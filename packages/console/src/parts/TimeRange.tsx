/** From and to, typed in the person's own zone and kept as UTC in the address. */
import { useTranslation } from 'react-i18next';
import type { FilterField, Filters } from './filters.ts';
import { fromLocalInput, toLocalInput } from './local-input.ts';
import { TypedText } from './TypedText.tsx';

export interface RangeProps {
  readonly field: FilterField;
  readonly from: string;
  readonly to: string;
  readonly filters: Filters;
}

export function TimeRange({ field, from, to, filters }: RangeProps) {
  const { t } = useTranslation();
  const input = (name: string, word: string) => (
    <TypedText
      type="datetime-local"
      label={`${field.label} ${word}`}
      value={toLocalInput(filters.values[name])}
      onCommit={(text) => filters.set({ [name]: fromLocalInput(text) })}
    />
  );
  return (
    <div className="filter-range">
      {input(from, t('from'))}
      {input(to, t('to'))}
    </div>
  );
}
