/** What a filter says, in words. */
import { formatDecimalAmount } from '@piculus/protocol';
import type { FilterField } from './filters.ts';
import { listed, localTime } from './format.ts';

export interface FilterSaid {
  readonly label: string;
  readonly text: string;
}

interface Words {
  readonly yes: string;
  readonly no: string;
  readonly from: string;
  readonly to: string;
}

/** @returns what each part of the filter says. A part that no field describes is told as it is. */
export function filterSaid(
  filter: Readonly<Record<string, unknown>>,
  fields: readonly FilterField[],
  words: Words,
): FilterSaid[] {
  return Object.entries(filter).flatMap(([name, value]): FilterSaid[] => {
    if (value === undefined || value === null) return [];
    const exact = fields.find((field) => field.name === name);
    if (exact !== undefined) return [{ label: exact.label, text: valueText(exact, value, words) }];
    const range = fields.find((field) => name === `${field.name}From` || name === `${field.name}To`);
    if (range === undefined) return [{ label: name, text: String(value) }];
    const end = name.endsWith('From') ? words.from : words.to;
    return [{ label: `${range.label} ${end}`, text: endText(range, value, filter['currency']) }];
  });
}

function valueText(field: FilterField, value: unknown, words: Words): string {
  if (field.kind === 'truth') return value === true || value === 'true' ? words.yes : words.no;
  const values = Array.isArray(value) ? value.map(String) : [String(value)];
  if (field.kind !== 'choices') return listed(values);
  return listed(values.map((one) => field.choices.find((choice) => choice.value === one)?.label ?? one));
}

function endText(field: FilterField, value: unknown, currency: unknown): string {
  const text = String(value);
  if (field.kind === 'times') return Number.isNaN(Date.parse(text)) ? text : localTime(text);
  const only = Array.isArray(currency) && currency.length === 1 ? String(currency[0]) : 'CNY';
  // The same digits as where the amount was typed.
  return /^-?[0-9]+$/.test(text) ? formatDecimalAmount(BigInt(text), only) : text;
}
