/** What stands behind FROM: tables, common tables, views, queries, functions of many rows. */
import type { Call, FunctionSource, Source, TypedName } from './ast.ts';
import type { TablePlan } from './catalog.ts';
import { compile } from './compile-expression.ts';
import { subquery } from './compile-subquery.ts';
import { compileQuery } from './compile-query.ts';
import { coerce, textOf } from './operators.ts';
import { callProcedure } from './procedures.ts';
import { columnsOf, Env, type NamedType, Scope } from './scope.ts';
import { NotSupported } from './tokens.ts';
import { elementOf } from './types.ts';
import {
  type Composite,
  databaseError,
  isList,
  isMembers,
  isValues,
  Json,
  type JsonValue,
  parseText,
  type Value,
} from './values.ts';

type Rows = readonly (readonly Value[])[];
export interface CompiledSource {
  readonly slot: number;
  /** Null where it is not stored. */
  readonly table: TablePlan | null;
  /** Null where it is. */
  readonly rows: ((env: Env) => Rows) | null;
}

const NONE: readonly NamedType[] = [];
/** Of PostgreSQL's own catalog; in here nothing is partitioned. */
const SYSTEM: Readonly<Record<string, readonly NamedType[]>> = {
  pg_inherits: [
    { name: 'inhrelid', type: 'int8' },
    { name: 'inhparent', type: 'text' },
  ],
  pg_class: [
    { name: 'oid', type: 'int8' },
    { name: 'relname', type: 'text' },
  ],
};

export function sourceOf(scope: Scope, source: Source): CompiledSource {
  if (source.kind === 'query') {
    const inner = subquery(scope, source.query);
    const columns = inner.columns.map(({ name, type }, index) => ({
      name: source.columns[index]?.name ?? name,
      type,
    }));
    return { slot: scope.add(source.alias, columns, null), table: null, rows: inner.rows };
  }
  return source.kind === 'function'
    ? functionSource(scope, source)
    : tableSource(scope, source.name, source.alias);
}

function tableSource(scope: Scope, name: string, alias: string): CompiledSource {
  const common = scope.findCommon(name);
  if (common !== null) {
    return {
      slot: scope.add(alias, common.columns, null),
      table: null,
      rows: (env) => env.run.common(common),
    };
  }
  const view = scope.catalog.views.get(name);
  if (view !== undefined) {
    const compiled = compileQuery(new Scope(scope.catalog, null), view);
    const rows = (env: Env): Rows => {
      const known = env.run.cache.get(compiled);
      if (Array.isArray(known)) return known;
      const made = compiled.run(new Env(env.run, null));
      env.run.cache.set(compiled, made);
      return made;
    };
    return { slot: scope.add(alias, compiled.columns, null), table: null, rows };
  }
  const system = SYSTEM[name];
  if (system !== undefined) return { slot: scope.add(alias, system, null), table: null, rows: () => [] };
  const table = scope.catalog.table(name);
  return { slot: scope.add(alias, columnsOf(table.columns), table), table, rows: null };
}

interface SetFunction {
  readonly columns: readonly NamedType[];
  readonly rows: (env: Env) => Rows;
}

function functionSource(
  scope: Scope,
  { calls, ordinality, alias, columns }: Extract<Source, { kind: 'function' }>,
): CompiledSource {
  const { used, correlated } = scope;
  scope.used = 0;
  scope.correlated = false;
  const sets = calls.map((one) => setFunction(scope, one, columns, alias));
  // What depends on nothing around it is asked once.
  const isFixed = scope.used === 0 && !scope.correlated;
  scope.used |= used;
  scope.correlated ||= correlated;
  const made = sets.flatMap((set) => set.columns);
  if (ordinality) made.push({ name: 'ordinality', type: 'int8' });
  const named = made.map(({ name, type }, index) => ({ name: columns[index]?.name ?? name, type }));
  const [only] = sets;
  const make = (env: Env): Rows => {
    const found =
      sets.length === 1 && only !== undefined
        ? only.rows(env)
        : sideBySide(
            sets,
            sets.map((set) => set.rows(env)),
          );
    return ordinality ? found.map((row, index) => [...row, BigInt(index + 1)]) : found;
  };
  const rows = (env: Env): Rows => {
    if (!isFixed) return make(env);
    const known = env.run.cache.get(sets);
    if (Array.isArray(known)) return known;
    const made = make(env);
    env.run.cache.set(sets, made);
    return made;
  };
  return { slot: scope.add(alias, named, null), table: null, rows };
}

function sideBySide(sets: readonly SetFunction[], rows: readonly Rows[]): Rows {
  const height = Math.max(...rows.map(({ length }) => length));
  return Array.from({ length: height }, (_, index) =>
    sets.flatMap((set, place) => rows[place]?.[index] ?? set.columns.map(() => null)),
  );
}

function setFunction(
  scope: Scope,
  { call, columns }: FunctionSource,
  aliased: readonly TypedName[],
  alias: string,
): SetFunction {
  switch (call.name) {
    case 'jsonb_to_recordset':
      return recordset(scope, call, columns.length > 0 ? columns : aliased);
    case 'jsonb_array_elements':
    case 'jsonb_array_elements_text':
      return elements(scope, call, aliased[0]?.name ?? alias);
    case 'unnest':
      return unnest(scope, call, alias);
    case 'generate_series':
      return series(scope, call, alias);
    default:
      return procedure(scope, call);
  }
}

function recordset(scope: Scope, call: Call, columns: readonly TypedName[]): SetFunction {
  const of = coerce(compileArg(scope, call), 'jsonb');
  const named = columns.map(({ name, type }) => ({ name, type: type ?? 'text' }));
  return {
    columns: named,
    rows: (env) => {
      const given = of.eval(env);
      if (!(given instanceof Json)) return [];
      if (!isList(given.value)) throw databaseError('22023', 'cannot call jsonb_to_recordset on a non-array');
      return given.value.map((item) =>
        named.map(({ name, type }) => (isMembers(item) ? fromJson(item[name] ?? null, type) : null)),
      );
    },
  };
}

export function fromJson(value: JsonValue, type: string): Value {
  if (value === null) return null;
  if (type === 'jsonb') return new Json(value);
  if (type.endsWith('[]'))
    return isList(value)
      ? value.map((item) => fromJson(item, elementOf(type)))
      : parseText(textOf(value) ?? '', type);
  return parseText(textOf(value) ?? '', type);
}

function elements(scope: Scope, call: Call, name: string): SetFunction {
  const of = coerce(compileArg(scope, call), 'jsonb');
  const asText = call.name.endsWith('_text');
  return {
    columns: [{ name, type: asText ? 'text' : 'jsonb' }],
    rows: (env) => {
      const given = of.eval(env);
      if (!(given instanceof Json)) return [];
      if (!isList(given.value)) throw databaseError('22023', 'cannot extract elements from a scalar');
      return given.value.map((item) => [asText ? textOf(item) : new Json(item)]);
    },
  };
}

function unnest(scope: Scope, call: Call, alias: string): SetFunction {
  const arrays = call.args.map((arg) => compile(scope, arg));
  return {
    columns: arrays.map(({ type }) => ({ name: alias === '' ? 'unnest' : alias, type: elementOf(type) })),
    rows: (env) => {
      const lists = arrays
        .map((array) => array.eval(env))
        .map((value) => (value !== null && isValues(value) ? value : []));
      const height = Math.max(0, ...lists.map(({ length }) => length));
      return Array.from({ length: height }, (_, index) => lists.map((list) => list[index] ?? null));
    },
  };
}

function series(scope: Scope, call: Call, alias: string): SetFunction {
  const bounds = call.args.map((arg) => compile(scope, arg));
  const type = bounds[0]?.type ?? 'int4';
  return {
    columns: [{ name: alias, type }],
    rows: (env) => {
      const [from = 0, to = -1, step = 1] = bounds.map((bound) => Number(bound.eval(env)));
      const found: Value[][] = [];
      for (let at = from; at <= to; at += step) found.push([type === 'int8' ? BigInt(at) : at]);
      return found;
    },
  };
}

function procedure(scope: Scope, call: Call): SetFunction {
  const definition = scope.catalog.functions.get(call.name);
  if (definition === undefined) throw new NotSupported(`the function ${call.name}`);
  const args = call.args.map((arg, index) =>
    coerce(compile(scope, arg), definition.parameters[index]?.type ?? 'text'),
  );
  const evaluate = callProcedure(scope.catalog, definition);
  const columns = definition.columns.map(({ name, type }) => ({ name, type: type ?? 'text' }));
  return {
    columns: columns.length > 0 ? columns : [{ name: call.name, type: definition.returns }],
    rows: (env) =>
      evaluate(
        env,
        args.map((arg) => arg.eval(env)),
      ),
  };
}

function compileArg(scope: Scope, call: Call) {
  const [arg] = call.args;
  if (arg === undefined) throw new NotSupported(`${call.name} of nothing`);
  return compile(scope, arg);
}

export { NONE, type Composite };
