/** Functions that take nulls, or whose type depends on all of their arguments. */
import { coerce, common } from './operators.ts';
import type { Compiled } from './scope.ts';
import { NotSupported } from './tokens.ts';
import { elementOf, isNumber } from './types.ts';
import {
  compare,
  Composite,
  isList,
  isMembers,
  isValues,
  Json,
  type JsonValue,
  toJson,
  toText,
  type Value,
} from './values.ts';

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

export const SPECIAL: Readonly<Record<string, (given: readonly Compiled[]) => Compiled>> = {
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
