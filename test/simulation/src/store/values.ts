/**
 * Values as the simulated database keeps them, by type: int4 and float8 are numbers, int8 and numeric are bigints (our
 * amounts are whole), timestamptz is microseconds since 1970, date is days, interval is microseconds.
 */
import pg from 'pg';
import { NotSupported } from './tokens.ts';
import { elementOf, isArray } from './types.ts';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A jsonb value; its keys are in the order that PostgreSQL keeps them in. */
export class Json {
  readonly value: JsonValue;
  #text: string | undefined;

  constructor(value: JsonValue) {
    this.value = value;
  }
  /** As PostgreSQL spells it. */
  get text(): string {
    this.#text ??= spelled(this.value);
    return this.#text;
  }
}

/** A row of a table, or of a query. */
export class Composite {
  readonly values: readonly Value[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  constructor(
    values: readonly Value[],
    columns: readonly { readonly name: string; readonly type: string }[],
  ) {
    this.values = values;
    this.columns = columns;
  }
}

export type Value = null | boolean | number | bigint | string | Buffer | Json | Composite | readonly Value[];

/** An error as the driver tells it. */
export function databaseError(
  code: string,
  message: string,
  more: { constraint?: string; detail?: string } = {},
): pg.DatabaseError {
  const error = new pg.DatabaseError(message, message.length, 'error');
  error.code = code;
  error.severity = 'ERROR';
  if (more.constraint !== undefined) error.constraint = more.constraint;
  if (more.detail !== undefined) error.detail = more.detail;
  return error;
}

// jsonb ------------------------------------------------------------------------------------------------------------

const byLength = (a: string, b: string): number => {
  const [long, other] = [Buffer.byteLength(a), Buffer.byteLength(b)];
  return long === other ? (a < b ? -1 : a > b ? 1 : 0) : long - other;
};

/** @param given anything that JSON can spell. */
export function toJson(given: unknown): Json {
  return new Json(ordered(given));
}

function ordered(given: unknown): JsonValue {
  if (given === null || typeof given === 'boolean' || typeof given === 'number' || typeof given === 'string')
    return given;
  if (Array.isArray(given)) return given.map(ordered);
  if (typeof given !== 'object') throw new NotSupported(`a ${typeof given} in JSON`);
  const entries = Object.entries(given);
  if (entries.length > 1) entries.sort(([a], [b]) => byLength(a, b));
  return Object.fromEntries(entries.map(([key, value]) => [key, ordered(value)]));
}

function spelled(value: JsonValue): string {
  if (isList(value)) return `[${value.map(spelled).join(', ')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.entries(value)
    .sort(([a], [b]) => byLength(a, b))
    .map(([key, inner]) => `${JSON.stringify(key)}: ${spelled(inner)}`)
    .join(', ')}}`;
}

export const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
export const isMembers = (value: JsonValue): value is { readonly [key: string]: JsonValue } =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

export function parseJson(text: string): Json {
  if (text.includes('\\u0000')) throw databaseError('22P05', 'unsupported Unicode escape sequence');
  try {
    return toJson(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw databaseError('22P02', 'invalid input syntax for type json');
    throw error;
  }
}

const copy = (value: JsonValue): unknown =>
  isList(value)
    ? value.map(copy)
    : isMembers(value)
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)]))
      : value;

// Comparing --------------------------------------------------------------------------------------------------------

/** Of two values of one type, neither null. */
export function compare(a: Value, b: Value): number {
  if (a instanceof Json && b instanceof Json) return a.text < b.text ? -1 : a.text > b.text ? 1 : 0;
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return Buffer.compare(a, b);
  if (isValues(a) && isValues(b)) return compareLists(a, b);
  if (a instanceof Composite && b instanceof Composite) return compareLists(a.values, b.values);
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const difference = compare(a[index] ?? null, b[index] ?? null);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export const isValues = (value: Value): value is readonly Value[] => Array.isArray(value);

/** A text that equal values share, for maps; null where a part is null. */
export function keyOf(values: readonly Value[], nullsEqual = false): string | null {
  let key = '';
  for (const value of values) {
    if (value === null && !nullsEqual) return null;
    key += `${plainKey(value)}\u0001`;
  }
  return key;
}
function plainKey(value: Value): string {
  if (value === null) return '\u0002';
  if (typeof value === 'string') return value;
  if (value instanceof Json) return value.text;
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (value instanceof Composite) return value.values.map(plainKey).join('\u0003');
  if (isValues(value)) return value.map(plainKey).join('\u0003');
  return String(value);
}

// From and to text -------------------------------------------------------------------------------------------------

const INT4_MAX = 2_147_483_647;
const INT8_MAX = 9_223_372_036_854_775_807n;
const UNITS: Readonly<Record<string, number>> = {
  microsecond: 1,
  millisecond: 1e3,
  ms: 1e3,
  second: 1e6,
  sec: 1e6,
  s: 1e6,
  minute: 6e7,
  min: 6e7,
  hour: 3.6e9,
  day: 8.64e10,
  week: 6.048e11,
};

export function parseText(text: string, type: string): Value {
  if (isArray(type))
    return parseArray(text).map((item) => (item === null ? null : parseText(item, elementOf(type))));
  switch (type) {
    case 'text':
    case 'unknown':
      if (text.includes('\u0000'))
        throw databaseError('22021', 'invalid byte sequence for encoding "UTF8": 0x00');
      return text;
    case 'int4':
      return ranged(whole(text, type));
    case 'int8':
    case 'numeric':
      return type === 'int8' ? ranged8(whole(text, type)) : whole(text, type);
    case 'float8':
      return Number(text);
    case 'bool':
      return bool(text);
    case 'timestamptz':
      return parseTime(text);
    case 'date':
      return Math.floor(parseTime(`${text.slice(0, 10)}T00:00:00Z`) / 8.64e10);
    case 'interval':
      return parseInterval(text);
    case 'jsonb':
      return parseJson(text);
    case 'bytea':
      return text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'latin1');
    default:
      throw new NotSupported(`the type ${type}`);
  }
}

function whole(text: string, type: string): bigint {
  const match = /^\s*([+-]?\d+)(\.0*)?\s*$/.exec(text);
  if (match?.[1] === undefined || (match[2] !== undefined && type !== 'numeric')) {
    throw databaseError('22P02', `invalid input syntax for type ${type}: "${text}"`);
  }
  return BigInt(match[1]);
}
function ranged(value: bigint): number {
  if (value > INT4_MAX || value < -INT4_MAX - 1) throw databaseError('22003', 'integer out of range');
  return Number(value);
}
function ranged8(value: bigint): bigint {
  if (value > INT8_MAX || value < -INT8_MAX - 1n) throw databaseError('22003', 'bigint out of range');
  return value;
}
function bool(text: string): boolean {
  if (/^(t|true|on|1|yes)$/i.test(text)) return true;
  if (/^(f|false|off|0|no)$/i.test(text)) return false;
  throw databaseError('22P02', `invalid input syntax for type boolean: "${text}"`);
}

function parseTime(text: string): number {
  const zoned = /(Z|[+-]\d\d(:?\d\d)?)$/i.test(text.slice(10)) ? text : `${text}Z`;
  const fraction = /\.(\d+)/.exec(zoned)?.[1] ?? '';
  const iso = zoned
    .replace(/^(\d{4}-\d\d-\d\d) /, '$1T')
    .replace(/\.\d+/, '')
    .replace(/([+-]\d\d)$/, '$1:00');
  const ms = Date.parse(/^\d{4}-\d\d-\d\dZ$/.test(iso) ? `${iso.slice(0, 10)}T00:00:00Z` : iso);
  if (Number.isNaN(ms))
    throw databaseError('22007', `invalid input syntax for type timestamp with time zone: "${text}"`);
  return ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

function parseInterval(text: string): number {
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([+-]?\d+(?:\.\d+)?)\s*([a-z]+)/gi)) {
    const name = (unit ?? '').toLowerCase();
    const size = UNITS[name] ?? UNITS[name.replace(/s$/, '')];
    if (size === undefined) throw new NotSupported(`the interval ${text}`);
    sum += Number(amount) * size;
  }
  return sum;
}

/** The literal of an array of one dimension. */
function parseArray(text: string): (string | null)[] {
  const found: (string | null)[] = [];
  const inner = text.slice(1, -1);
  if (!text.startsWith('{') || !text.endsWith('}'))
    throw databaseError('22P02', `malformed array literal: "${text}"`);
  for (const [, quoted, plain] of inner.matchAll(/(?:^|,)(?:"((?:[^"\\]|\\.)*)"|([^,]*))/g)) {
    if (quoted !== undefined) found.push(quoted.replaceAll(/\\(.)/g, '$1'));
    else if (plain !== undefined && inner !== '') found.push(plain.toUpperCase() === 'NULL' ? null : plain);
  }
  return found;
}

export function toText(value: Value, type: string): string {
  if (value === null) throw new NotSupported('a text of nothing');
  if (value instanceof Json) return value.text;
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`;
  if (isValues(value)) return `{${value.map((item) => arrayItem(item, elementOf(type))).join(',')}}`;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (type === 'timestamptz' && typeof value === 'number') return timeText(value);
  if (type === 'date' && typeof value === 'number')
    return new Date(value * 86_400_000).toISOString().slice(0, 10);
  return String(value);
}

function arrayItem(item: Value, type: string): string {
  if (item === null) return 'NULL';
  const text = toText(item, type);
  return text === '' || /[{},"\\\s]|^null$/i.test(text) ? `"${text.replaceAll(/(["\\])/g, '\\$1')}"` : text;
}

function timeText(us: number): string {
  const iso = new Date(Math.floor(us / 1000)).toISOString();
  const fraction = String(((us % 1e6) + 1e6) % 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction === '' ? '' : `.${fraction}`}+00`;
}

// From and to the driver -------------------------------------------------------------------------------------------

/** A parameter as the driver would send it, as a value of the type that its place has. */
export function fromDriver(given: unknown, type: string): Value {
  if (given === null || given === undefined) return null;
  if (isArray(type) && Array.isArray(given))
    return given.map((item: unknown) => fromDriver(item, elementOf(type)));
  if (given instanceof Date) {
    if (type === 'timestamptz') return given.getTime() * 1000;
    return parseText(given.toISOString(), type);
  }
  if (Buffer.isBuffer(given)) return given;
  if (typeof given === 'string') return parseText(given, type);
  if (typeof given === 'number' && type === 'float8') return given;
  if (typeof given === 'boolean' && type === 'bool') return given;
  if (typeof given === 'number' || typeof given === 'bigint' || typeof given === 'boolean')
    return parseText(String(given), type);
  return parseText(JSON.stringify(given), type);
}

/** As the driver hands it out: a copy, so that nobody can change what is stored. */
export function toDriver(value: Value, type: string): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') {
    if (type === 'timestamptz') return new Date(Math.floor(value / 1000));
    return type === 'date' ? toText(value, type) : value;
  }
  if (value instanceof Json) return copy(value.value);
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (isValues(value)) return value.map((item) => toDriver(item, elementOf(type)));
  throw new NotSupported('a row as an answer');
}
