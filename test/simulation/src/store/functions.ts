/** Functions of one value each. Those that ask the database itself get the environment. */
import { createHash } from 'node:crypto';
import { coerce, common, convert, textOf } from './operators.ts';
import type { Compiled, Env } from './scope.ts';
import { NotSupported } from './tokens.ts';
import { Blocked } from './transactions.ts';
import { elementOf, isArray, isNumber } from './types.ts';
import {
  compare,
  Composite,
  databaseError,
  isList,
  isMembers,
  isValues,
  Json,
  type JsonValue,
  toJson,
  toText,
  type Value,
} from './values.ts';

type Known = NonNullable<Value>;
interface Scalar {
  /** Types that the arguments are made; the last one for all that follow. Null leaves them. */
  readonly args: readonly (string | null)[];
  readonly type: string | ((types: readonly string[]) => string);
  /** Null where an argument is null, unless `nulls`. */
  readonly of: (values: readonly Known[], env: Env, types: readonly string[]) => Value;
}

const US_OF: Readonly<Record<string, number>> = {
  microseconds: 1,
  milliseconds: 1e3,
  second: 1e6,
  minute: 6e7,
  hour: 3.6e9,
  day: 8.64e10,
};
const bytes = (value: Known | undefined): Buffer => (Buffer.isBuffer(value) ? value : Buffer.alloc(0));
const list = (value: Known | undefined): readonly Value[] =>
  value !== undefined && isValues(value) ? value : [];
const json = (value: Known | undefined): JsonValue => (value instanceof Json ? value.value : null);
const first = (types: readonly string[]): string => types[0] ?? 'text';

function binned(us: number, size: number, origin: number): number {
  return origin + Math.floor((us - origin) / size) * size;
}
const takeAdvisory: Scalar['of'] = ([key], env) => {
  env.run.state.lockAdvisory(env.run.transaction, String(key));
  return '';
};
function toChar(us: number, format: string): string {
  const iso = new Date(Math.floor(us / 1000)).toISOString();
  const parts: Readonly<Record<string, string>> = {
    YYYY: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    DD: iso.slice(8, 10),
    HH24: iso.slice(11, 13),
    MI: iso.slice(14, 16),
    SS: iso.slice(17, 19),
    US: String(((us % 1e6) + 1e6) % 1e6).padStart(6, '0'),
    MS: iso.slice(20, 23),
  };
  return format.replaceAll(
    /"([^"]*)"|YYYY|HH24|MM|DD|MI|SS|US|MS/g,
    (found: string, quoted?: string) => quoted ?? parts[found] ?? found,
  );
}
/** Any number of 64 bits that depends on the text alone. */
function hashed(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigInt64BE(0);
}

const SCALARS: Readonly<Record<string, Scalar>> = {
  abs: {
    args: [null],
    type: first,
    of: ([x]) => (typeof x === 'bigint' ? (x < 0n ? -x : x) : Math.abs(Number(x))),
  },
  floor: { args: ['float8'], type: 'float8', of: ([x]) => Math.floor(Number(x)) },
  ceil: { args: ['float8'], type: 'float8', of: ([x]) => Math.ceil(Number(x)) },
  round: { args: ['float8'], type: 'float8', of: ([x]) => Math.round(Number(x)) },
  lower: { args: ['text'], type: 'text', of: ([x]) => String(x).toLowerCase() },
  upper: { args: ['text'], type: 'text', of: ([x]) => String(x).toUpperCase() },
  btrim: { args: ['text'], type: 'text', of: ([x]) => String(x).trim() },
  char_length: { args: ['text'], type: 'int4', of: ([x]) => [...String(x)].length },
  length: {
    args: [null],
    type: 'int4',
    of: ([x]) => (Buffer.isBuffer(x) ? x.length : [...String(x)].length),
  },
  octet_length: {
    args: [null],
    type: 'int4',
    of: ([x]) => (Buffer.isBuffer(x) ? x.length : Buffer.byteLength(String(x))),
  },
  left: { args: ['text', 'int4'], type: 'text', of: ([x, n]) => String(x).slice(0, Number(n)) },
  replace: { args: ['text'], type: 'text', of: ([x, a, b]) => String(x).replaceAll(String(a), String(b)) },
  cardinality: { args: [null], type: 'int4', of: ([x]) => list(x).length },
  array_length: { args: [null, 'int4'], type: 'int4', of: ([x]) => list(x).length || null },
  array_position: {
    args: [null, null],
    type: 'int4',
    of: ([x, y], _, types) => {
      const wanted = convert(y ?? null, types[1] ?? 'text', elementOf(first(types)));
      const place = list(x).findIndex(
        (item) => item !== null && wanted !== null && compare(item, wanted) === 0,
      );
      return place < 0 ? null : place + 1;
    },
  },
  array_remove: {
    args: [null, null],
    type: first,
    of: ([x, y]) => list(x).filter((item) => item === null || y === undefined || compare(item, y) !== 0),
  },
  array_append: { args: [null, null], type: first, of: ([x, y]) => [...list(x), y ?? null] },
  array_to_string: {
    args: [null, 'text'],
    type: 'text',
    of: ([x, y], _, types) =>
      list(x)
        .filter((item) => item !== null)
        .map((item) => toText(item, elementOf(first(types))))
        .join(String(y)),
  },
  date_trunc: {
    args: ['text', 'timestamptz', 'text'],
    type: 'timestamptz',
    of: ([unit, us]) => binned(Number(us), US_OF[String(unit)] ?? 1, 0),
  },
  date_bin: {
    args: ['interval', 'timestamptz', 'timestamptz'],
    type: 'timestamptz',
    of: ([size, us, origin]) => binned(Number(us), Number(size), Number(origin)),
  },
  extract: {
    args: ['text', null],
    type: 'float8',
    of: ([field, us]) =>
      field === 'epoch' ? Number(us) / 1e6 : Math.floor(Number(us) / (US_OF[String(field)] ?? 1)),
  },
  at_time_zone: { args: [null, 'text'], type: 'timestamptz', of: ([us]) => us ?? null },
  to_char: { args: [null, 'text'], type: 'text', of: ([us, format]) => toChar(Number(us), String(format)) },
  to_timestamp: { args: ['float8'], type: 'timestamptz', of: ([seconds]) => Number(seconds) * 1e6 },
  make_interval: {
    args: ['float8'],
    type: 'interval',
    of: () => {
      throw new NotSupported('make_interval');
    },
  },
  sha256: { args: ['bytea'], type: 'bytea', of: ([x]) => createHash('sha256').update(bytes(x)).digest() },
  md5: { args: ['text'], type: 'text', of: ([x]) => createHash('md5').update(String(x)).digest('hex') },
  convert_to: { args: ['text', 'text'], type: 'bytea', of: ([x]) => Buffer.from(String(x), 'utf8') },
  convert_from: { args: ['bytea', 'text'], type: 'text', of: ([x]) => bytes(x).toString('utf8') },
  encode: {
    args: ['bytea', 'text'],
    type: 'text',
    of: ([x, how]) => bytes(x).toString(how === 'hex' ? 'hex' : 'base64'),
  },
  decode: {
    args: ['text', 'text'],
    type: 'bytea',
    of: ([x, how]) => Buffer.from(String(x), how === 'hex' ? 'hex' : 'base64'),
  },
  jsonb_array_length: {
    args: ['jsonb'],
    type: 'int4',
    of: ([x]) => {
      const of = json(x);
      return isList(of) ? of.length : 0;
    },
  },
  jsonb_typeof: {
    args: ['jsonb'],
    type: 'text',
    of: ([x]) => {
      const of = json(x);
      return of === null ? 'null' : isList(of) ? 'array' : typeof of;
    },
  },
  to_regclass: {
    args: ['text'],
    type: 'text',
    of: ([x], env) =>
      env.run.state.catalog.tables.has(String(x).replace(/^piculus\./, '')) ? String(x) : null,
  },
  hashtextextended: { args: ['text', 'int8'], type: 'int8', of: ([x]) => hashed(String(x)) },
  hashtext: { args: ['text'], type: 'int4', of: ([x]) => Number(hashed(String(x)) & 0x7fffffffn) },
  pg_advisory_xact_lock: { args: ['int8', 'int8'], type: 'void', of: takeAdvisory },
  pg_try_advisory_xact_lock: {
    args: ['int8'],
    type: 'bool',
    of: (values, env, types) => {
      try {
        takeAdvisory(values, env, types);
        return true;
      } catch (error) {
        if (error instanceof Blocked) return false;
        throw error;
      }
    },
  },
  pg_current_xact_id: { args: [], type: 'int8', of: (_, env) => env.run.state.idOf(env.run.transaction) },
  pg_current_snapshot: { args: [], type: 'int8', of: (_, env) => env.run.state.oldestId() },
  pg_snapshot_xmin: { args: ['int8'], type: 'int8', of: ([x]) => x ?? null },
  pg_backend_pid: { args: [], type: 'int4', of: () => 1 },
  pg_notify: { args: ['text', 'text'], type: 'void', of: () => '' },
  pg_sleep: {
    args: ['float8'],
    type: 'void',
    of: () => {
      throw new NotSupported('pg_sleep');
    },
  },
  now: { args: [], type: 'timestamptz', of: (_, env) => env.run.state.nowUs() },
  clock_timestamp: { args: [], type: 'timestamptz', of: (_, env) => env.run.state.nowUs() },
  statement_timestamp: { args: [], type: 'timestamptz', of: (_, env) => env.run.state.nowUs() },
  transaction_timestamp: { args: [], type: 'timestamptz', of: (_, env) => env.run.state.nowUs() },
  current_timestamp: { args: [], type: 'timestamptz', of: (_, env) => env.run.state.nowUs() },
  current_user: { args: [], type: 'text', of: () => 'piculus' },
  current_setting: { args: ['text', 'bool'], type: 'text', of: () => '' },
  set_config: { args: ['text', 'text', 'bool'], type: 'text', of: ([, value]) => value ?? null },
  nextval: {
    args: ['text'],
    type: 'int8',
    of: ([name], env) =>
      env.run.drawn.draw(() => env.run.state.nextValue(String(name).replace(/^piculus\./, ''))),
  },
  make_messages_of: { args: ['date'], type: 'void', of: () => '' },
  drop_messages_of: { args: ['date'], type: 'void', of: () => '' },
};

/** @returns null where no function of this name is known. */
export function scalar(name: string, given: readonly Compiled[]): Compiled | null {
  const special = SPECIAL[name];
  if (special !== undefined) return special(given);
  const found = SCALARS[name];
  if (found === undefined) return null;
  const args = given.map((arg, index) => {
    const type = found.args[Math.min(index, found.args.length - 1)] ?? null;
    if (type !== null) return coerce(arg, type);
    return arg.type === 'unknown'
      ? coerce(arg, index > 0 && isArray(given[0]?.type ?? '') ? elementOf(given[0]?.type ?? '') : 'text')
      : arg;
  });
  const types = args.map((arg) => arg.type);
  const type = typeof found.type === 'string' ? found.type : found.type(types);
  return {
    type,
    eval: (env) => {
      const values: Known[] = [];
      for (const arg of args) {
        const value = arg.eval(env);
        if (value === null) return null;
        values.push(value);
      }
      return found.of(values, env, types);
    },
  };
}

/** A value as JSON, by its type. */
export function asJson(value: Value, type: string): JsonValue {
  if (value === null) return null;
  if (value instanceof Json) return value.value;
  if (value instanceof Composite)
    return Object.fromEntries(
      value.columns.map((column, index) => [column.name, asJson(value.values[index] ?? null, column.type)]),
    );
  if (isValues(value)) return value.map((item) => asJson(item, elementOf(type)));
  if (typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return Number(value);
  if (type === 'timestamptz') return toText(value, type).replace(' ', 'T').replace(/\+00$/, '+00:00');
  if (typeof value === 'number' && isNumber(type)) return value;
  return toText(value, type);
}

function extreme(given: readonly Compiled[], sign: 1 | -1): Compiled {
  const type = common(given.map((arg) => arg.type));
  const args = given.map((arg) => coerce(arg, type));
  return {
    type,
    eval: (env) => {
      let found: Value = null;
      for (const arg of args) {
        const value = arg.eval(env);
        if (value !== null && (found === null || compare(value, found) * sign > 0)) found = value;
      }
      return found;
    },
  };
}

const jsonArgs = (given: readonly Compiled[]): readonly Compiled[] =>
  given.map((arg) => (arg.type === 'unknown' ? coerce(arg, 'text') : arg));

/** Functions that take nulls, or whose type depends on all of their arguments. */
const SPECIAL: Readonly<Record<string, (given: readonly Compiled[]) => Compiled>> = {
  coalesce: (given) => {
    const type = common(given.map((arg) => arg.type));
    const args = given.map((arg) => coerce(arg, type));
    return {
      type,
      eval: (env) => {
        for (const arg of args) {
          const value = arg.eval(env);
          if (value !== null) return value;
        }
        return null;
      },
    };
  },
  greatest: (given) => extreme(given, 1),
  least: (given) => extreme(given, -1),
  nullif: ([a, b]) => {
    if (a === undefined || b === undefined) throw new NotSupported('nullif of one');
    const type = common([a.type, b.type]);
    const [x, y] = [coerce(a, type), coerce(b, type)];
    return {
      type,
      eval: (env) => {
        const [value, other] = [x.eval(env), y.eval(env)];
        return value !== null && other !== null && compare(value, other) === 0 ? null : value;
      },
    };
  },
  concat: (given) => {
    const args = jsonArgs(given);
    return {
      type: 'text',
      eval: (env) =>
        args
          .map((arg) => {
            const value = arg.eval(env);
            return value === null ? '' : toText(value, arg.type);
          })
          .join(''),
    };
  },
  jsonb_build_object: (given) => {
    const args = jsonArgs(given);
    return {
      type: 'jsonb',
      eval: (env) => {
        const members: [string, JsonValue][] = [];
        for (let index = 0; index + 1 < args.length; index += 2) {
          const [key, value] = [args[index], args[index + 1]];
          if (key === undefined || value === undefined) continue;
          members.push([String(key.eval(env)), asJson(value.eval(env), value.type)]);
        }
        return toJson(Object.fromEntries(members));
      },
    };
  },
  jsonb_build_array: (given) => {
    const args = jsonArgs(given);
    return { type: 'jsonb', eval: (env) => new Json(args.map((arg) => asJson(arg.eval(env), arg.type))) };
  },
  to_jsonb: (given) => {
    const [arg] = jsonArgs(given);
    if (arg === undefined) throw new NotSupported('to_jsonb of nothing');
    return {
      type: 'jsonb',
      eval: (env) => {
        const value = arg.eval(env);
        return value === null ? null : toJson(asJson(value, arg.type));
      },
    };
  },
  jsonb_set: ([target, path, value]) => {
    if (target === undefined || path === undefined || value === undefined)
      throw new NotSupported('jsonb_set of less than three');
    const [of, at, to] = [coerce(target, 'jsonb'), coerce(path, 'text[]'), coerce(value, 'jsonb')];
    return {
      type: 'jsonb',
      eval: (env) => {
        const [old, keys, set] = [of.eval(env), at.eval(env), to.eval(env)];
        if (!(old instanceof Json) || keys === null || !isValues(keys) || !(set instanceof Json)) return null;
        return toJson(placed(old.value, keys.map(String), set.value));
      },
    };
  },
  num_nonnulls: (given) => ({
    type: 'int4',
    eval: (env) => given.filter((arg) => arg.eval(env) !== null).length,
  }),
  width_bucket: ([of, bounds]) => {
    if (of === undefined || bounds === undefined) throw new NotSupported('width_bucket of one');
    const value = coerce(of, elementOf(bounds.type));
    return {
      type: 'int4',
      eval: (env) => {
        const [x, limits] = [value.eval(env), bounds.eval(env)];
        return x === null || limits === null || !isValues(limits)
          ? null
          : limits.filter((limit) => compare(limit, x) <= 0).length;
      },
    };
  },
};

function placed(of: JsonValue, [key, ...rest]: readonly string[], value: JsonValue): JsonValue {
  if (key === undefined) return value;
  if (isList(of)) return of.map((item, index) => (index === Number(key) ? placed(item, rest, value) : item));
  return isMembers(of) ? { ...of, [key]: placed(of[key] ?? null, rest, value) } : of;
}

export { databaseError, textOf };
