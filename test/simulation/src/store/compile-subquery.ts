/** Queries inside of expressions. */
import type { Expression, Query } from './ast.ts';
import { compile } from './compile-expression.ts';
import { type CompiledQuery, compileQuery } from './compile-query.ts';
import { coerce, common, comparison } from './operators.ts';
import { type Compiled, type Env, Scope } from './scope.ts';
import { NotSupported } from './tokens.ts';
import { elementOf, isArray } from './types.ts';
import { compare, isValues, keyOf, type Value } from './values.ts';

interface Inner {
  readonly columns: CompiledQuery['columns'];
  readonly rows: (env: Env) => readonly (readonly Value[])[];
  readonly isFixed: boolean;
  readonly key: object;
}

/** A query inside of an expression; its answer is kept for the statement where nothing around it is named. */
export function subquery(scope: Scope, query: Query, one = false): Inner {
  const inner = new Scope(scope.catalog, scope);
  const compiled = compileQuery(inner, query);
  const key = compiled;
  if (inner.correlated || compiled.isVolatile) {
    return {
      columns: compiled.columns,
      rows: (env) => compiled.run(env, one ? 1 : undefined),
      isFixed: false,
      key,
    };
  }
  return {
    columns: compiled.columns,
    isFixed: true,
    key,
    rows: (env) => {
      const known = env.run.cache.get(key);
      if (Array.isArray(known)) return known;
      const rows = compiled.run(env);
      env.run.cache.set(key, rows);
      return rows;
    },
  };
}

export function inQuery(scope: Scope, of: Expression, query: Query, not: boolean): Compiled {
  const inner = subquery(scope, query);
  const left = of.kind === 'row' ? of.of : [of];
  const values = left.map((one, index) => coerce(compile(scope, one), inner.columns[index]?.type ?? 'text'));
  const keysKey = {};
  const keysOf = (env: Env): { keys: Set<string>; hasNull: boolean } => {
    const known = env.run.cache.get(keysKey);
    if (inner.isFixed && isKeys(known)) return known;
    const keys = new Set<string>();
    let hasNull = false;
    for (const row of inner.rows(env)) {
      const key = keyOf(row);
      if (key === null) hasNull = true;
      else keys.add(key);
    }
    const made = { keys, hasNull };
    if (inner.isFixed) env.run.cache.set(keysKey, made);
    return made;
  };
  return {
    type: 'bool',
    eval: (env) => {
      const { keys, hasNull } = keysOf(env);
      if (keys.size === 0 && !hasNull) return not;
      const key = keyOf(values.map((value) => value.eval(env)));
      if (key === null) return null;
      if (keys.has(key)) return !not;
      return hasNull ? null : not;
    },
  };
}
const isKeys = (known: unknown): known is { keys: Set<string>; hasNull: boolean } =>
  typeof known === 'object' && known !== null && 'keys' in known;

export function quantified(scope: Scope, of: Extract<Expression, { kind: 'quantified' }>): Compiled {
  const holds = comparison(of.operator);
  if (holds === undefined) throw new NotSupported(`${of.operator} ANY`);
  let left: Compiled = compile(scope, of.left);
  let valuesOf: (env: Env) => Value;
  if (of.query !== null) {
    const inner = subquery(scope, of.query);
    left = coerce(left, inner.columns[0]?.type ?? 'text');
    valuesOf = (env) => inner.rows(env).map(([value]) => value ?? null);
  } else {
    if (of.array === null) throw new NotSupported('ANY of nothing');
    const given = compile(scope, of.array);
    const array = isArray(given.type)
      ? given
      : coerce(given, `${left.type === 'unknown' ? 'text' : left.type}[]`);
    const type = common([left.type, elementOf(array.type)]);
    left = coerce(left, type);
    valuesOf = coerce(array, `${type}[]`).eval;
  }
  return {
    type: 'bool',
    eval: (env) => {
      const values = valuesOf(env);
      if (values === null || !isValues(values)) return null;
      const value = left.eval(env);
      if (values.length === 0) return of.all;
      if (value === null) return null;
      let unknown = false;
      for (const item of values) {
        if (item === null) unknown = true;
        else if (holds(compare(value, item)) !== of.all) return !of.all;
      }
      return unknown ? null : of.all;
    },
  };
}
