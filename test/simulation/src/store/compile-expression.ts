/** Makes functions of expressions. */
import { aggregate, isAggregate } from './aggregates.ts';
import type { Call, Expression } from './ast.ts';
import { inQuery, quantified, subquery } from './compile-subquery.ts';
import { scalar } from './functions.ts';
import { binary, coerce, common, unify, type Untyped } from './operators.ts';
import { callProcedure } from './procedures.ts';
import { type Compiled, envAt, resolve, type Scope } from './scope.ts';
import { NotSupported } from './tokens.ts';
import { elementOf } from './types.ts';
import { compare, Composite, isValues, type Value } from './values.ts';

export function compile(scope: Scope, of: Expression): Untyped {
  if (scope.grouped.length > 0) {
    const group = scope.grouped.indexOf(JSON.stringify(of));
    if (group >= 0) return groupValue(scope, of, group);
  }
  switch (of.kind) {
    case 'column':
      return column(scope, of.table, of.name);
    case 'parameter':
      return {
        type: 'unknown',
        eval: (env) => plainParameter(env.run.parameters[of.place]),
        raw: (env) => env.run.parameters[of.place],
      };
    case 'constant':
      return { type: of.type, eval: () => of.value };
    case 'unary':
      return unary(scope, of.operator, of.of);
    case 'binary':
      return binary(of.operator, compile(scope, of.left), compile(scope, of.right));
    case 'and':
    case 'or':
      return logical(
        of.of.map((one) => coerce(compile(scope, one), 'bool')),
        of.kind === 'or',
      );
    case 'is':
      return is(compile(scope, of.of), of.what, of.not);
    case 'distinct': {
      const [a, b] = unify(compile(scope, of.left), compile(scope, of.right));
      return { type: 'bool', eval: (env) => differs(a.eval(env), b.eval(env)) !== of.not };
    }
    case 'between': {
      const low: Expression = { kind: 'binary', operator: '>=', left: of.of, right: of.low };
      const high: Expression = { kind: 'binary', operator: '<=', left: of.of, right: of.high };
      const both = compile(scope, { kind: 'and', of: [low, high] });
      return of.not ? negated(both) : both;
    }
    case 'in':
      return inList(scope, of.of, of.list, of.not);
    case 'in-query':
      return inQuery(scope, of.of, of.query, of.not);
    case 'quantified':
      return quantified(scope, of);
    case 'like':
      return like(scope, of);
    default:
      return compileMore(scope, of);
  }
}

function compileMore(scope: Scope, of: Expression): Untyped {
  switch (of.kind) {
    case 'exists': {
      const query = subquery(scope, of.query, true);
      return { type: 'bool', eval: (env) => query.rows(env).length > 0 };
    }
    case 'scalar': {
      const query = subquery(scope, of.query);
      return { type: query.columns[0]?.type ?? 'text', eval: (env) => query.rows(env)[0]?.[0] ?? null };
    }
    case 'array-query': {
      const query = subquery(scope, of.query);
      return {
        type: `${query.columns[0]?.type ?? 'text'}[]`,
        eval: (env) => query.rows(env).map(([value]) => value ?? null),
      };
    }
    case 'array': {
      const items = of.of.map((one) => compile(scope, one));
      const type = common(items.map((item) => item.type));
      const typed = items.map((item) => coerce(item, type));
      return { type: `${type}[]`, eval: (env) => typed.map((item) => item.eval(env)) };
    }
    case 'row': {
      const items = of.of.map((one) => compile(scope, one));
      const columns = items.map(({ type }, index) => ({ name: `f${index + 1}`, type }));
      return {
        type: 'record',
        eval: (env) =>
          new Composite(
            items.map((item) => item.eval(env)),
            columns,
          ),
      };
    }
    case 'subscript': {
      const array = compile(scope, of.of);
      const index = coerce(compile(scope, of.index), 'int4');
      return {
        type: elementOf(array.type),
        eval: (env) => {
          const [values, place] = [array.eval(env), index.eval(env)];
          return values !== null && isValues(values) && typeof place === 'number'
            ? (values[place - 1] ?? null)
            : null;
        },
      };
    }
    case 'field':
      return field(scope, compile(scope, of.of), of.name);
    case 'cast':
      return coerce(compile(scope, of.of), of.type);
    case 'case':
      return cases(scope, of);
    case 'call':
      return call(scope, of);
    default:
      throw new NotSupported(`${of.kind} in an expression`);
  }
}

/** Where nothing says what a parameter is, it is a text. */
function plainParameter(given: unknown): Value {
  if (given === null || given === undefined) return null;
  if (given instanceof Date) return given.toISOString();
  if (Buffer.isBuffer(given)) return given;
  if (Array.isArray(given)) return `{${given.map(listed).join(',')}}`;
  return typeof given === 'object' ? JSON.stringify(given) : String(given);
}

const listed = (item: unknown): string =>
  item === null ? 'NULL' : `"${String(item).replaceAll(/(["\\])/g, '\\$1')}"`;

function groupValue(scope: Scope, of: Expression, group: number): Compiled {
  const saved = scope.grouped;
  scope.grouped = [];
  const { type } = compile(scope, of);
  scope.grouped = saved;
  return { type, eval: (env) => env.variables[group] ?? null };
}

function column(scope: Scope, table: string | null, name: string): Compiled {
  const found = resolve(scope, table, name);
  if (found === null) {
    const owner = table === null ? null : resolve(scope, null, table);
    if (table === null || owner === null)
      throw new NotSupported(`the column ${table === null ? '' : `${table}.`}${name}`);
    return field(scope, column(scope, null, table), name);
  }
  const { depth, slot, column: place, type, kind, table: source } = found;
  if (kind === 'variable') return { type, eval: (env) => envAt(env, depth).variables[place] ?? null };
  if (kind === 'ctid') return { type, eval: (env) => BigInt(envAt(env, depth).sources[slot]?.number ?? 0) };
  if (kind === 'row') {
    const columns = source?.columns ?? [];
    return {
      type,
      eval: (env) => {
        const values = envAt(env, depth).rows[slot] ?? null;
        return values === null ? null : new Composite(values, columns);
      },
    };
  }
  if (depth === 0) return { type, eval: (env) => env.rows[slot]?.[place] ?? null };
  if (depth === 1) return { type, eval: (env) => env.up?.rows[slot]?.[place] ?? null };
  return { type, eval: (env) => envAt(env, depth).rows[slot]?.[place] ?? null };
}

/** A column of a row that is a value itself. */
function field(scope: Scope, of: Compiled, name: string): Compiled {
  if (of.type.startsWith('row:')) {
    const table = scope.catalog.table(of.type.slice('row:'.length));
    const place = table.place(name);
    return {
      type: table.columns[place]?.type ?? 'text',
      eval: (env) => {
        const row = of.eval(env);
        return row instanceof Composite ? (row.values[place] ?? null) : null;
      },
    };
  }
  // Records of loops: their columns are known when they are there.
  return {
    type: 'unknown',
    eval: (env) => {
      const row = of.eval(env);
      if (!(row instanceof Composite)) return null;
      const place = row.columns.findIndex((candidate) => candidate.name === name);
      if (place < 0) throw new NotSupported(`the field ${name}`);
      return row.values[place] ?? null;
    },
  };
}

function unary(scope: Scope, operator: string, inner: Expression): Compiled {
  if (operator === 'not') return negated(coerce(compile(scope, inner), 'bool'));
  const of = compile(scope, inner);
  const typed = of.type === 'unknown' ? coerce(of, 'int4') : of;
  return {
    type: typed.type,
    eval: (env) => {
      const value = typed.eval(env);
      return typeof value === 'bigint' ? -value : typeof value === 'number' ? -value : null;
    },
  };
}

const negated = (of: Compiled): Compiled => ({
  type: 'bool',
  eval: (env) => {
    const value = of.eval(env);
    return value === null ? null : value !== true;
  },
});

/** Three values: what one side decides holds, whatever the others are. */
function logical(of: readonly Compiled[], decides: boolean): Compiled {
  return {
    type: 'bool',
    eval: (env) => {
      let unknown = false;
      for (const one of of) {
        const value = one.eval(env);
        if (value === decides) return decides;
        if (value === null) unknown = true;
      }
      return unknown ? null : !decides;
    },
  };
}

function is(of: Compiled, what: 'null' | 'true' | 'false', not: boolean): Compiled {
  if (what === 'null') return { type: 'bool', eval: (env) => (of.eval(env) === null) !== not };
  const wanted = what === 'true';
  return { type: 'bool', eval: (env) => (of.eval(env) === wanted) !== not };
}

export const differs = (a: Value, b: Value): boolean =>
  a === null || b === null ? a !== b : compare(a, b) !== 0;

function inList(scope: Scope, of: Expression, list: readonly Expression[], not: boolean): Compiled {
  const either = compile(scope, {
    kind: 'or',
    of: list.map((one): Expression => ({ kind: 'binary', operator: '=', left: of, right: one })),
  });
  return not ? negated(either) : either;
}

function like(scope: Scope, of: Extract<Expression, { kind: 'like' }>): Compiled {
  const value = coerce(compile(scope, of.of), 'text');
  const pattern = coerce(compile(scope, of.pattern), 'text');
  return {
    type: 'bool',
    eval: (env) => {
      const [text, like] = [value.eval(env), pattern.eval(env)];
      if (text === null || like === null) return null;
      const source = String(like)
        .replaceAll(/[.*+?^${}()|[\]]/g, '\\$&')
        .replaceAll('%', '.*')
        .replaceAll('_', '.');
      return new RegExp(`^${source}$`, of.ignoreCase ? 'isu' : 'su').test(String(text)) !== of.not;
    },
  };
}

function cases(scope: Scope, of: Extract<Expression, { kind: 'case' }>): Compiled {
  const { of: subject, whens, otherwise } = of;
  const branches = whens.map(([when, then]) => ({
    when: coerce(
      compile(scope, subject === null ? when : { kind: 'binary', operator: '=', left: subject, right: when }),
      'bool',
    ),
    value: compile(scope, then),
  }));
  const last = otherwise === null ? null : compile(scope, otherwise);
  const type = common([...branches.map(({ value }) => value.type), ...(last === null ? [] : [last.type])]);
  const typed = branches.map(({ when, value }) => ({ when, value: coerce(value, type) }));
  const end = last === null ? null : coerce(last, type);
  return {
    type,
    eval: (env) => {
      for (const { when, value } of typed) if (when.eval(env) === true) return value.eval(env);
      return end === null ? null : end.eval(env);
    },
  };
}

function call(scope: Scope, of: Call): Compiled {
  if (isAggregate(of.name)) return aggregateCall(scope, of);
  const args = of.args.map((arg) => compile(scope, arg));
  const known = scalar(of.name, args);
  if (known !== null) return known;
  const definition = scope.catalog.functions.get(of.name);
  if (definition === undefined) {
    const [only] = args;
    // A type's name as a function is a cast; a column may be asked for like a function.
    if (only !== undefined && args.length === 1 && of.name === 'text') return coerce(only, 'text');
    throw new NotSupported(`the function ${of.name}`);
  }
  const typed = args.map((arg, index) => coerce(arg, definition.parameters[index]?.type ?? arg.type));
  const evaluate = callProcedure(scope.catalog, definition);
  return {
    type: definition.returns,
    eval: (env) =>
      evaluate(
        env,
        typed.map((arg) => arg.eval(env)),
      )[0]?.[0] ?? null,
  };
}

function aggregateCall(scope: Scope, of: Call): Compiled {
  const uses = scope.aggregates;
  if (uses === null) throw new NotSupported(`${of.name} outside of a query's outputs`);
  const { type, use } = aggregate(of, (inner) => {
    scope.aggregates = null;
    const compiled = compile(scope, inner);
    scope.aggregates = uses;
    return compiled;
  });
  const place = uses.push(use) - 1;
  return { type, eval: (env) => env.results[place] ?? null };
}
