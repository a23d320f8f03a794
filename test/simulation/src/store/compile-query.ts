/** Makes functions of queries. */
import { compareBy } from './aggregates.ts';
import type { Query, QueryBody, Sort, Union, Values as ValuesBody } from './ast.ts';
import { compile } from './compile-expression.ts';
import { compileModification } from './compile-modify.ts';
import { compileSelect } from './compile-select.ts';
import { coerce, common } from './operators.ts';
import { Env, type NamedType, Scope } from './scope.ts';
import { NotSupported } from './tokens.ts';
import { keyOf, type Value } from './values.ts';

export type Rows = readonly (readonly Value[])[];
export interface CompiledQuery {
  readonly columns: readonly NamedType[];
  /** It writes, so that each run counts. */
  readonly isVolatile: boolean;
  /** @param up the environment around the query. @param max enough rows for whoever asks. */
  readonly run: (up: Env, max?: number) => Rows;
}

/** @param scope a new one for this query, inside of the one that encloses it. */
export function compileQuery(scope: Scope, query: Query): CompiledQuery {
  const commons = query.with.map(({ name, query: inner }) => {
    const compiled = compileQuery(new Scope(scope.catalog, scope), inner);
    const common = { name, columns: compiled.columns };
    scope.commons.push(common);
    return { common, compiled };
  });
  const body = compileBody(scope, query);
  const isVolatile = body.isVolatile || commons.some(({ compiled }) => compiled.isVolatile);
  return {
    columns: body.columns,
    isVolatile,
    run: (up, max) => {
      const env = new Env(up.run, up, scope.tables.length);
      for (const { common, compiled } of commons) up.run.setCommon(common, compiled.run(env));
      return body.run(env, max);
    },
  };
}

/** Here `run` takes the environment of the query itself. */
function compileBody(scope: Scope, query: Query): CompiledQuery {
  const { body } = query;
  if (body.kind === 'select') return compileSelect(scope, body, query);
  if (body.kind === 'insert' || body.kind === 'update' || body.kind === 'delete')
    return compileModification(scope, body);
  const compiled = compileOther(scope, body);
  return ordered(compiled, query.orderBy, query, scope);
}

/** A side of a union, in a scope of its own. */
function compileSide(scope: Scope, body: QueryBody): CompiledQuery {
  return compileQuery(new Scope(scope.catalog, scope), {
    with: [],
    body,
    orderBy: [],
    limit: null,
    offset: null,
    locking: null,
  });
}

function compileOther(scope: Scope, body: Exclude<QueryBody, { kind: 'select' }>): CompiledQuery {
  if (body.kind === 'nested') return compileQuery(new Scope(scope.catalog, scope), body.query);
  return body.kind === 'values' ? compileValues(scope, body) : compileUnion(scope, body);
}

function compileValues(scope: Scope, { rows }: ValuesBody): CompiledQuery {
  const compiled = rows.map((row) => row.map((value) => compile(scope, value)));
  const width = compiled[0]?.length ?? 0;
  const types = Array.from({ length: width }, (_, index) => {
    const given = compiled.map((row) => row[index]?.type ?? 'unknown');
    // One row of parameters keeps them untyped, so that the table that takes them says what they are.
    return given.every((type) => type === 'unknown') ? 'unknown' : common(given);
  });
  const single = compiled.length === 1 ? compiled[0] : undefined;
  return {
    columns: types.map((type, index) => ({ name: `column${index + 1}`, type })),
    isVolatile: false,
    run: (env) =>
      single !== undefined
        ? [single.map((value) => value.eval(env))]
        : compiled.map((row) => row.map((value, index) => coerce(value, types[index] ?? 'text').eval(env))),
  };
}

function compileUnion(scope: Scope, { operator, all, left, right }: Union): CompiledQuery {
  const [a, b] = [compileSide(scope, left), compileSide(scope, right)];
  const columns = a.columns.map(({ name, type }, index) => ({
    name,
    type: common([type, b.columns[index]?.type ?? 'unknown']),
  }));
  const cast = (rows: Rows, from: CompiledQuery): Rows => {
    const changes = columns.map(({ type }, index) =>
      from.columns[index]?.type === type ? null : { from: from.columns[index]?.type ?? 'unknown', to: type },
    );
    if (changes.every((change) => change === null)) return rows;
    return rows.map((row) =>
      row.map((value, index) => {
        const change = changes[index];
        if (change === null || change === undefined) return value;
        return coerce({ type: change.from, eval: () => value }, change.to).eval(NO_ENV);
      }),
    );
  };
  return {
    columns,
    isVolatile: a.isVolatile || b.isVolatile,
    run: (env) => combine(operator, all, cast(a.run(env), a), cast(b.run(env), b)),
  };
}

/** Casting a value that is there already asks nothing of its environment. */
const NO_ENV: Env = Object.create(Env.prototype);

function combine(operator: Union['operator'], all: boolean, left: Rows, right: Rows): Rows {
  if (operator === 'union') return all ? [...left, ...right] : distinct([...left, ...right]);
  if (all) throw new NotSupported(`${operator} all`);
  const others = new Set(right.map((row) => keyOf(row, true)));
  return distinct(left.filter((row) => others.has(keyOf(row, true)) === (operator === 'intersect')));
}

export function distinct(rows: Rows): Rows {
  const seen = new Set<string | null>();
  return rows.filter((row) => {
    const key = keyOf(row, true);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** The order and the limit over columns that have their names from the first side. */
function ordered(inner: CompiledQuery, sorts: readonly Sort[], query: Query, scope: Scope): CompiledQuery {
  const keys = sorts.map(({ by, ...rest }) => ({ ...rest, place: placeOf(by, inner.columns) }));
  const limit = query.limit === null ? null : coerce(compile(scope, query.limit), 'int8');
  const offset = query.offset === null ? null : coerce(compile(scope, query.offset), 'int8');
  if (keys.length === 0 && limit === null && offset === null) return inner;
  return {
    ...inner,
    run: (env) => {
      let rows = inner.run(env);
      if (keys.length > 0) {
        rows = rows
          .map((row) => ({ row, by: keys.map(({ place }) => row[place] ?? null) }))
          .sort((a, b) => compareBy(keys, a.by, b.by))
          .map(({ row }) => row);
      }
      const from = Number(offset?.eval(env) ?? 0);
      const max = limit?.eval(env) ?? null;
      return from === 0 && max === null
        ? rows
        : rows.slice(from, max === null ? undefined : from + Number(max));
    },
  };
}

function placeOf(by: Sort['by'], columns: readonly NamedType[]): number {
  if (by.kind === 'constant' && typeof by.value === 'number') return by.value - 1;
  const place = by.kind === 'column' ? columns.findIndex(({ name }) => name === by.name) : -1;
  if (place < 0) throw new NotSupported('this order of a union');
  return place;
}
