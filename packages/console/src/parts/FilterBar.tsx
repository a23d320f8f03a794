/** The filters of a list: those that are pinned or set, and a menu of the others. Each takes effect at once. */
import { Button, Group, Menu, MultiSelect, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { AmountRange } from './AmountRange.tsx';
import { type FilterField, type Filters, namesOf } from './filters.ts';
import { TimeRange } from './TimeRange.tsx';
import { TypedText } from './TypedText.tsx';

export function FilterBar({ fields, filters }: { fields: readonly FilterField[]; filters: Filters }) {
  const { t } = useTranslation();
  const [added, setAdded] = useState<ReadonlySet<string>>(new Set());
  const isSet = (field: FilterField): boolean =>
    namesOf(field).some((name) => filters.values[name] !== undefined);
  const shown = fields.filter((field) => field.pinned === true || isSet(field) || added.has(field.name));
  const others = fields.filter((field) => !shown.includes(field));
  return (
    <search className="filter-bar" aria-label={t('filters')}>
      {shown.map((field) => (
        <div key={field.name} className="filter" data-set={isSet(field)}>
          <FilterInput field={field} filters={filters} />
        </div>
      ))}
      <Group gap="xs" className="filter-tools">
        {others.length > 0 && (
          <Menu position="bottom-start">
            <Menu.Target>
              <Button variant="default" size="xs">
                {t('addFilter')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown className="filter-menu">
              {others.map((field) => (
                <Menu.Item key={field.name} onClick={() => setAdded(new Set([...added, field.name]))}>
                  {field.label}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
        {filters.count > 0 && (
          <Button
            variant="subtle"
            size="xs"
            onClick={() => {
              setAdded(new Set());
              filters.clear();
            }}
          >
            {t('clearAll')}
          </Button>
        )}
      </Group>
    </search>
  );
}

function FilterInput({ field, filters }: { field: FilterField; filters: Filters }) {
  const { t } = useTranslation();
  const value = filters.values[field.name] ?? '';
  const change = (next: string): void => filters.set({ [field.name]: next });
  const [from = '', to = ''] = namesOf(field);
  switch (field.kind) {
    case 'text':
      return (
        <TypedText label={field.label} value={value} onCommit={change} placeholder={field.placeholder} />
      );
    case 'number':
      return <TypedText label={field.label} value={value} onCommit={change} inputMode="numeric" />;
    case 'choices':
      return (
        <MultiSelect
          size="xs"
          label={field.label}
          data={[...field.choices]}
          value={value === '' ? [] : value.split(',')}
          onChange={(chosen) => change(chosen.join(','))}
          placeholder={value === '' ? t('any') : ''}
          searchable={field.choices.length > 8}
          clearable
          clearButtonProps={{ 'aria-label': t('removeFilter', { name: field.label }) }}
        />
      );
    case 'choice':
    case 'truth':
      return (
        <NativeSelect
          size="xs"
          label={field.label}
          value={value}
          onChange={(event) => change(event.currentTarget.value)}
          data={[
            { value: '', label: t('any') },
            ...(field.kind === 'truth'
              ? [
                  { value: 'true', label: t('yes') },
                  { value: 'false', label: t('no') },
                ]
              : field.choices),
          ]}
        />
      );
    case 'times':
      return <TimeRange field={field} from={from} to={to} filters={filters} />;
    case 'amounts':
      return <AmountRange field={field} from={from} to={to} filters={filters} />;
  }
}
