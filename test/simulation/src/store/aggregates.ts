/** Functions over the rows of a group. */
import type { Call } from './ast.ts';
import { asJson } from './special-functions.ts';
import { coerce } from './operators.ts';
import type { AggregateUse, Compiled, Env } from './scope.ts';
import { NotSupported } from './tokens.ts';
import { isNumber } from './types.ts';
import { compare, isValues, type JsonValue, keyOf, toJson, type Value } from './values.ts';

const NAMES = new Set(
  'count sum min max avg bool_or bool_and every array_agg string_agg jsonb_agg jsonb_object_agg percentile_cont'.split(
    ' ',
  ),
);
export const isAggregate = (name: string): boolean => NAMES.has(name);

export interface SortPlan {
  readonly by: Compiled;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}
export function compareBy(
  plans: readonly Pick<SortPlan, 'descending' | 'nullsFirst'>[],
  a: readonly Value[],
  b: readonly Value[],
): number {
  for (const [index, { descending, nullsFirst }] of plans.entries()) {
    const [x, y] = [a[index] ?? null, b[index] ?? null];
    if (x === null && y === null) continue;
    if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1;
    const difference = compare(x, y);
    if (difference !== 0) return descending ? -difference : difference;
  }
  return 0;
}

/** @param inner compiles an expression over the rows of the group. */
export function aggregate(
  call: Call,
  inner: (expression: Call['args'][number]) => Compiled,
): { type: string; use: AggregateUse } {
  const args = call.args.map(inner);
  const sorts = call.orderBy.map(({ by, ...rest }) => ({ by: inner(by), ...rest }));
  const filter = call.filter === null ? null : inner(call.filter);
  const type = typeOf(call.name, args);
  const make = () => {
    const rows: { values: Value[]; keys: Value[] }[] = [];
    const seen = new Set<string>();
    return {
      add: (env: Env): void => {
        const values = args.map((arg) => arg.eval(env));
        if (call.distinct) {
          const key = keyOf(values, true) ?? '';
          if (seen.has(key)) return;
          seen.add(key);
        }
        rows.push({ values, keys: sorts.map(({ by }) => by.eval(env)) });
      },
      result: (): Value => {
        if (sorts.length > 0) rows.sort((a, b) => compareBy(sorts, a.keys, b.keys));
        // PostgreSQL sorts to find what is distinct.
        else if (call.distinct)
          rows.sort((a, b) => compareBy([{ descending: false, nullsFirst: false }], a.values, b.values));
        if (call.name === 'percentile_cont') return percentiles(args[0]?.type ?? '', rows);
        return resultOf(
          call,
          args,
          rows.map(({ values }) => values),
        );
      },
    };
  };
  return { type, use: { make, filter } };
}

function typeOf(name: string, [arg]: readonly Compiled[]): string {
  const type = arg?.type ?? 'text';
  switch (name) {
    case 'count':
      return 'int8';
    case 'sum':
      return type === 'int4' ? 'int8' : type === 'int8' ? 'numeric' : type;
    case 'avg':
      return 'float8';
    case 'bool_or':
    case 'bool_and':
    case 'every':
      return 'bool';
    case 'array_agg':
      return `${type === 'unknown' ? 'text' : type}[]`;
    case 'string_agg':
      return 'text';
    case 'jsonb_agg':
    case 'jsonb_object_agg':
      return 'jsonb';
    case 'percentile_cont':
      return type.endsWith('[]') ? 'float8[]' : 'float8';
    default:
      return type === 'unknown' ? 'text' : type;
  }
}

function resultOf(call: Call, args: readonly Compiled[], rows: readonly (readonly Value[])[]): Value {
  if (call.name === 'count' && call.star) return BigInt(rows.length);
  const values = rows.map(([value]) => value ?? null);
  const known = values.filter((value) => value !== null);
  const [type = 'text', second = 'text'] = args.map((arg) => arg.type);
  switch (call.name) {
    case 'count':
      return BigInt(known.length);
    case 'sum':
      return known.length === 0 ? null : sum(known, type);
    case 'avg':
      return known.length === 0
        ? null
        : known.reduce((total: number, value) => total + Number(value), 0) / known.length;
    case 'min':
      return known.reduce(
        (found: Value, value) => (found === null || compare(value, found) < 0 ? value : found),
        null,
      );
    case 'max':
      return known.reduce(
        (found: Value, value) => (found === null || compare(value, found) > 0 ? value : found),
        null,
      );
    case 'bool_or':
      return known.length === 0 ? null : known.includes(true);
    case 'bool_and':
    case 'every':
      return known.length === 0 ? null : !known.includes(false);
    case 'array_agg':
      return rows.length === 0 ? null : values;
    case 'string_agg':
      return known.length === 0 ? null : joined(rows);
    case 'jsonb_agg':
      return rows.length === 0 ? null : toJson(values.map((value) => asJson(value, type)));
    case 'jsonb_object_agg':
      return rows.length === 0
        ? null
        : toJson(
            Object.fromEntries(
              rows.map(([key, value]): [string, JsonValue] => [String(key), asJson(value ?? null, second)]),
            ),
          );
    default:
      throw new NotSupported(`the aggregate ${call.name}`);
  }
}

function sum(values: readonly Value[], type: string): Value {
  if (type === 'float8' || type === 'interval')
    return values.reduce((total: number, value) => total + Number(value), 0);
  if (!isNumber(type)) throw new NotSupported(`a sum of ${type}`);
  return values.reduce((total: bigint, value) => total + BigInt(String(value)), 0n);
}

function joined(rows: readonly (readonly Value[])[]): string {
  let text = '';
  let first = true;
  for (const [value, between] of rows) {
    if (value === null || value === undefined) continue;
    text += first ? String(value) : `${String(between ?? '')}${String(value)}`;
    first = false;
  }
  return text;
}

function percentiles(
  type: string,
  rows: readonly { values: readonly Value[]; keys: readonly Value[] }[],
): Value {
  const known = rows.filter(({ keys }) => keys[0] !== null);
  const asked = known[0]?.values[0] ?? null;
  if (asked === null) return null;
  const at = (part: number): number => {
    const place = part * (known.length - 1);
    const [low, high] = [Number(known[Math.floor(place)]?.keys[0]), Number(known[Math.ceil(place)]?.keys[0])];
    return low + (high - low) * (place - Math.floor(place));
  };
  return type.endsWith('[]') && isValues(asked) ? asked.map((part) => at(Number(part))) : at(Number(asked));
}

export const asText = (of: Compiled): Compiled => coerce(of, 'text');
