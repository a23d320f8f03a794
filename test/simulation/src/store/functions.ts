/** Functions of one value each. Those that ask the database itself get the environment. */
import { createHash } from 'node:crypto';
import { coerce, convert } from './operators.ts';
import type { Compiled, Env } from './scope.ts';
import { SPECIAL } from './special-functions.ts';
import { NotSupported } from './tokens.ts';
import { Blocked } from './transactions.ts';
import { elementOf, isArray } from './types.ts';
import { compare, isList, isValues, Json, type JsonValue, toText, type Value } from './values.ts';

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
