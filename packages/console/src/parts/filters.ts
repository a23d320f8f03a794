/**
 * Filters live in the address: what is seen can be sent as a link, survives a reload and the way back. A list's
 * filters are described once, as fields; the server checks their values.
 */
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';

interface FieldOf<K extends string> {
  /** The name in the address and in the API. */
  readonly name: string;
  readonly label: string;
  readonly kind: K;
  /** Shown before anything is chosen; the others are behind "add filter". */
  readonly pinned?: boolean;
}
export interface Choice {
  readonly value: string;
  readonly label: string;
}
export type FilterField =
  | (FieldOf<'text'> & { readonly placeholder?: string })
  /** Any of several; in the address separated by commas. */
  | (FieldOf<'choices'> & { readonly choices: readonly Choice[] })
  | (FieldOf<'choice'> & { readonly choices: readonly Choice[] })
  /** Two fields of the API: `name` + `From` and `name` + `To`. */
  | (FieldOf<'times'> & {
      /** Where the API names them otherwise. */
      readonly names?: readonly [from: string, to: string];
    })
  | FieldOf<'amounts'>
  /** A number: `name` is the lower bound. */
  | FieldOf<'number'>
  /** Yes, no or either. */
  | FieldOf<'truth'>;

/** The names that a field has in the address. */
export function namesOf(field: FilterField): readonly string[] {
  if (field.kind === 'times' && field.names !== undefined) return field.names;
  return field.kind === 'times' || field.kind === 'amounts'
    ? [`${field.name}From`, `${field.name}To`]
    : [field.name];
}

export type FilterValues = Readonly<Record<string, string>>;

export interface Filters {
  /** What is set, by name. */
  readonly values: FilterValues;
  readonly count: number;
  /** Sets or, with an empty text, removes; always back to the first page. */
  readonly set: (changes: FilterValues) => void;
  readonly clear: () => void;
}

/** @returns the query with these changes, back on the first page. */
export function withFilters(search: string, changes: FilterValues): URLSearchParams {
  const query = new URLSearchParams(search);
  query.delete('after');
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') query.delete(name);
    else query.set(name, value);
  }
  return query;
}

export function useFilters(fields: readonly FilterField[]): Filters {
  const [params, setParams] = useSearchParams();
  const names = useMemo(() => fields.flatMap(namesOf), [fields]);
  const text = params.toString();
  const values = useMemo(() => {
    const query = new URLSearchParams(text);
    const entries = names.flatMap((name) => {
      const value = query.get(name);
      return value === null || value === '' ? [] : [[name, value] as const];
    });
    return Object.fromEntries(entries);
  }, [text, names]);
  const change = (changes: FilterValues): void => {
    // The address itself and not what was rendered: leaving one field for another sets two at almost the same time.
    const now = window.location.search;
    const query = withFilters(now, changes);
    if (query.toString() !== new URLSearchParams(now).toString()) setParams(query);
  };
  return {
    values,
    count: fields.filter((field) => namesOf(field).some((name) => values[name] !== undefined)).length,
    set: change,
    clear: () => change(Object.fromEntries(names.map((name) => [name, '']))),
  };
}
