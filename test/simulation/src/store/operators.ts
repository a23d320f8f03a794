/** Operators over two values, by the types of their sides. */
import type { Compiled, Env } from './scope.ts';
import { NotSupported } from './tokens.ts';
import { elementOf, isArray, isNumber, wider } from './types.ts';
import {
  compare,
  Composite,
  databaseError,
  fromDriver,
  isList,
  isMembers,
  isValues,
  Json,
  type JsonValue,
  parseText,
  toJson,
  toText,
  type Value,
} from './values.ts';

/** A text or a parameter whose type its place decides. */
export interface Untyped extends Compiled {
  readonly raw?: (env: Env) => unknown;
}

/** The same value as another type. */
export function coerce(of: Untyped, type: string): Compiled {
  if (of.type === type || type === 'unknown') return of;
  const { eval: from, raw } = of;
  if (raw !== undefined) return { type, eval: (env) => fromDriver(raw(env), type) };
  if (of.type === 'unknown') {
    return {
      type,
      eval: (env) => {
        const value = from(env);
        return typeof value === 'string' ? parseText(value, type) : value;
      },
    };
  }
  return { type, eval: (env) => convert(from(env), of.type, type) };
}

export function convert(value: Value, from: string, to: string): Value {
  if (value === null || from === to) return value;
  if (isArray(to) && isValues(value))
    return value.map((item) => convert(item, elementOf(from), elementOf(to)));
  if (to === 'bytea' && Buffer.isBuffer(value)) return value;
  if (to === 'text') return toText(value, from);
  if (isNumber(from) && isNumber(to)) return convertNumber(value, to);
  if (from === 'text') return parseText(typeof value === 'string' ? value : '', to);
  if (from === 'jsonb' && value instanceof Json) return parseText(toText(value, from), to);
  if (from === 'date' && to === 'timestamptz') return Number(value) * 8.64e10;
  if (from === 'timestamptz' && to === 'date') return Math.floor(Number(value) / 8.64e10);
  if (from === 'bool' && to === 'int4') return value === true ? 1 : 0;
  if (value instanceof Composite) return value;
  if (from === 'unknown' || to.startsWith('row:') || to === 'record') return value;
  throw new NotSupported(`to make ${to} of ${from}`);
}

function convertNumber(value: Value, to: string): Value {
  if (to === 'float8') return Number(value);
  if (typeof value === 'number' && !Number.isInteger(value)) return convertNumber(Math.round(value), to);
  if (to === 'int4') return parseText(String(value), 'int4');
  return BigInt(String(value));
}

/** Both sides as one type. */
export function unify(left: Compiled, right: Compiled): readonly [Compiled, Compiled, string] {
  const type = common([left.type, right.type]);
  return [coerce(left, type), coerce(right, type), type];
}

/** The type that values of these types share. */
export function common(types: readonly string[]): string {
  let found = 'unknown';
  for (const type of types) {
    if (type === 'unknown' || type === found) continue;
    if (found === 'unknown') found = type;
    else if (isNumber(found) && isNumber(type)) found = wider(found, type);
    else if (found === 'date' && type === 'timestamptz') found = type;
  }
  return found === 'unknown' ? 'text' : found;
}

type Combine = (a: NonNullable<Value>, b: NonNullable<Value>) => Value;

/** Null where either side is. */
const strict = (type: string, left: Compiled, right: Compiled, combine: Combine): Compiled => ({
  type,
  eval: (env) => {
    const a = left.eval(env);
    if (a === null) return null;
    const b = right.eval(env);
    return b === null ? null : combine(a, b);
  },
});

const COMPARE: Readonly<Record<string, (difference: number) => boolean>> = {
  '=': (difference) => difference === 0,
  '<>': (difference) => difference !== 0,
  '<': (difference) => difference < 0,
  '>': (difference) => difference > 0,
  '<=': (difference) => difference <= 0,
  '>=': (difference) => difference >= 0,
};
export const comparison = (operator: string): ((difference: number) => boolean) | undefined =>
  COMPARE[operator];

export function binary(operator: string, left: Compiled, right: Compiled): Compiled {
  const holds = comparison(operator);
  if (holds !== undefined) {
    const [a, b, type] = unify(left, right);
    if (type.startsWith('record')) return strict('bool', a, b, rowComparison(operator));
    return strict('bool', a, b, (x, y) => holds(compare(x, y)));
  }
  if (['+', '-', '*', '/', '%'].includes(operator) && left.type !== 'jsonb')
    return arithmetic(operator, left, right);
  if (operator === '||') return concatenation(left, right);
  return structured(operator, left, right);
}

const rowComparison =
  (operator: string): Combine =>
  (a, b) => {
    const holds = comparison(operator);
    return holds?.(compare(a, b)) ?? null;
  };

function arithmetic(operator: string, left: Compiled, right: Compiled): Compiled {
  const isTime = (type: string): boolean => type === 'timestamptz' || type === 'interval' || type === 'date';
  if (isTime(left.type) || isTime(right.type)) return timeArithmetic(operator, left, right);
  const [a, b, type] = unify(left, right);
  if (!isNumber(type)) throw new NotSupported(`${left.type} ${operator} ${right.type}`);
  if (type === 'float8') return strict(type, a, b, (x, y) => floats(operator, Number(x), Number(y)));
  const narrow = type === 'int4';
  return strict(type, a, b, (x, y) => {
    const result = whole(operator, BigInt(String(x)), BigInt(String(y)));
    if (narrow || type === 'int8') return parseText(result.toString(), type);
    return result;
  });
}

function floats(operator: string, x: number, y: number): number {
  if (operator === '+') return x + y;
  if (operator === '-') return x - y;
  if (operator === '*') return x * y;
  if (y === 0) throw databaseError('22012', 'division by zero');
  return operator === '/' ? x / y : x % y;
}
function whole(operator: string, x: bigint, y: bigint): bigint {
  if (operator === '+') return x + y;
  if (operator === '-') return x - y;
  if (operator === '*') return x * y;
  if (y === 0n) throw databaseError('22012', 'division by zero');
  return operator === '/' ? x / y : x % y;
}

function timeArithmetic(operator: string, left: Compiled, right: Compiled): Compiled {
  const sign = operator === '-' ? -1 : 1;
  if (
    left.type === 'timestamptz' &&
    operator === '-' &&
    (right.type === 'timestamptz' || right.type === 'unknown')
  ) {
    return strict('interval', left, coerce(right, 'timestamptz'), (x, y) => Number(x) - Number(y));
  }
  if (left.type === 'date' && isNumber(right.type))
    return strict('date', left, right, (x, y) => Number(x) + sign * Number(y));
  if (operator === '*') return strict('interval', left, right, (x, y) => Number(x) * Number(y));
  const type = left.type === 'interval' && right.type !== 'interval' ? right.type : left.type;
  if (type === 'unknown') return timeArithmetic(operator, coerce(left, 'timestamptz'), right);
  return strict(
    type,
    left,
    coerce(right, right.type === 'unknown' ? 'interval' : right.type),
    (x, y) => Number(x) + sign * Number(y),
  );
}

function concatenation(left: Compiled, right: Compiled): Compiled {
  if (isArray(left.type) || isArray(right.type)) {
    const type = isArray(left.type) ? left.type : right.type;
    const a = isArray(left.type) || left.type === 'unknown' ? coerce(left, type) : left;
    const b = isArray(right.type) || right.type === 'unknown' ? coerce(right, type) : right;
    const list = (value: Value): readonly Value[] =>
      value === null ? [] : isValues(value) ? value : [value];
    return {
      type,
      eval: (env) => {
        const [x, y] = [a.eval(env), b.eval(env)];
        return x === null && y === null ? null : [...list(x), ...list(y)];
      },
    };
  }
  if (left.type === 'jsonb' || right.type === 'jsonb') {
    return strict('jsonb', coerce(left, 'jsonb'), coerce(right, 'jsonb'), (x, y) =>
      joined(jsonOf(x), jsonOf(y)),
    );
  }
  if (left.type === 'bytea')
    return strict('bytea', left, coerce(right, 'bytea'), (x, y) => Buffer.concat([bytes(x), bytes(y)]));
  return strict('text', coerce(left, 'text'), coerce(right, 'text'), (x, y) => `${String(x)}${String(y)}`);
}

export const jsonOf = (value: Value): JsonValue => (value instanceof Json ? value.value : null);
const bytes = (value: Value): Buffer => (Buffer.isBuffer(value) ? value : Buffer.alloc(0));

function joined(a: JsonValue, b: JsonValue): Json {
  if (isMembers(a) && isMembers(b)) return toJson({ ...a, ...b });
  return toJson([...(isList(a) ? a : [a]), ...(isList(b) ? b : [b])]);
}

// Operators of jsonb and arrays ------------------------------------------------------------------------------------

function structured(operator: string, left: Compiled, right: Compiled): Compiled {
  if (isArray(left.type) || (left.type === 'unknown' && isArray(right.type))) {
    const type = isArray(left.type) ? left.type : right.type;
    const [a, b] = [coerce(left, type), coerce(right, type)];
    const test = ARRAYS[operator];
    if (test === undefined) throw new NotSupported(`${left.type} ${operator} ${right.type}`);
    return strict('bool', a, b, (x, y) => test(isValues(x) ? x : [], isValues(y) ? y : []));
  }
  switch (operator) {
    case '->':
    case '->>': {
      const key = coerce(right, isNumber(right.type) ? right.type : 'text');
      return strict(operator === '->' ? 'jsonb' : 'text', left, key, (x, y) =>
        member(jsonOf(x), String(y), operator === '->>'),
      );
    }
    case '#>':
    case '#>>':
      return strict(operator === '#>' ? 'jsonb' : 'text', left, coerce(right, 'text[]'), (x, y) =>
        deep(jsonOf(x), isValues(y) ? y : [], operator === '#>>'),
      );
    case '?':
      return strict('bool', left, coerce(right, 'text'), (x, y) => has(jsonOf(x), String(y)));
    case '@>':
      return strict('bool', coerce(left, 'jsonb'), coerce(right, 'jsonb'), (x, y) =>
        contains(jsonOf(x), jsonOf(y)),
      );
    case '<@':
      return strict('bool', coerce(left, 'jsonb'), coerce(right, 'jsonb'), (x, y) =>
        contains(jsonOf(y), jsonOf(x)),
      );
    case '-':
      return strict('jsonb', left, coerce(right, isArray(right.type) ? right.type : 'text'), (x, y) =>
        without(jsonOf(x), isValues(y) ? y.map(String) : [String(y)]),
      );
    case '~':
      return strict('bool', coerce(left, 'text'), coerce(right, 'text'), (x, y) =>
        new RegExp(String(y), 'u').test(String(x)),
      );
    case '#-':
      return strict(
        'jsonb',
        left,
        coerce(right, 'text[]'),
        (x, y) => new Json(withoutPath(jsonOf(x), isValues(y) ? y.map(String) : [])),
      );
    default:
      throw new NotSupported(`${left.type} ${operator} ${right.type}`);
  }
}

const includes = (list: readonly Value[], value: Value): boolean =>
  list.some((item) => item !== null && value !== null && compare(item, value) === 0);
const ARRAYS: Readonly<Record<string, (a: readonly Value[], b: readonly Value[]) => boolean>> = {
  '@>': (a, b) => b.every((value) => includes(a, value)),
  '<@': (a, b) => a.every((value) => includes(b, value)),
  '&&': (a, b) => a.some((value) => includes(b, value)),
};

function member(of: JsonValue, key: string, asText: boolean): Value {
  const found = isList(of)
    ? of.at(Number(key))
    : isMembers(of) && Object.hasOwn(of, key)
      ? of[key]
      : undefined;
  if (found === undefined) return null;
  return asText ? textOf(found) : new Json(found);
}
export function textOf(value: JsonValue): string | null {
  if (value === null) return null;
  return typeof value === 'string' ? value : new Json(value).text;
}
function deep(of: JsonValue, path: readonly Value[], asText: boolean): Value {
  let at: Value = new Json(of);
  for (const key of path) {
    at = at instanceof Json ? member(at.value, String(key), false) : null;
    if (at === null) return null;
  }
  return asText ? textOf(jsonOf(at)) : at;
}
function has(of: JsonValue, key: string): boolean {
  if (isList(of)) return of.includes(key);
  return isMembers(of) ? Object.hasOwn(of, key) : of === key;
}
function contains(whole: JsonValue, part: JsonValue): boolean {
  if (isList(whole))
    return isList(part)
      ? part.every((one) => whole.some((other) => contains(other, one)))
      : whole.includes(part);
  if (isMembers(whole)) {
    return (
      isMembers(part) &&
      Object.entries(part).every(
        ([key, value]) => Object.hasOwn(whole, key) && contains(whole[key] ?? null, value),
      )
    );
  }
  return whole === part;
}
function without(of: JsonValue, keys: readonly string[]): Json {
  if (isList(of)) return new Json(of.filter((item) => !(typeof item === 'string' && keys.includes(item))));
  if (!isMembers(of)) return new Json(of);
  return new Json(Object.fromEntries(Object.entries(of).filter(([key]) => !keys.includes(key))));
}
function withoutPath(of: JsonValue, [key, ...rest]: readonly string[]): JsonValue {
  if (key === undefined) return of;
  if (isList(of)) {
    return rest.length === 0
      ? of.filter((_, index) => index !== Number(key))
      : of.map((item, index) => (index === Number(key) ? withoutPath(item, rest) : item));
  }
  if (!isMembers(of) || !Object.hasOwn(of, key)) return of;
  if (rest.length === 0) return without(of, [key]).value;
  return { ...of, [key]: withoutPath(of[key] ?? null, rest) };
}
