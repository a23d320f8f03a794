/** SELECT: its sources joined row by row, its groups, its order, its locks. */
import { compareBy, isAggregate, type SortPlan } from './aggregates.ts';
import type { Expression, Join, Locking, Output, Query, Select } from './ast.ts';
import { compile } from './compile-expression.ts';
import { type CompiledQuery, distinct, type Rows } from './compile-query.ts';
import { type Joined, joinSources } from './join.ts';
import { coerce } from './operators.ts';
import { type AggregateUse, type Compiled, type Env, resolve, type Scope } from './scope.ts';
import { NotSupported } from './tokens.ts';
import { keyOf, type Value } from './values.ts';

type Tail = Pick<Query, 'orderBy' | 'limit' | 'offset' | 'locking'>;
interface NamedOutput {
  readonly name: string;
  readonly expression: Expression;
}
interface Emitted {
  readonly out: readonly Value[];
  readonly keys: readonly Value[];
  readonly env: Env | null;
}
interface Shape {
  readonly outputs: readonly Compiled[];
  readonly sorts: readonly SortPlan[];
  readonly having: Compiled | null;
}

export function compileSelect(scope: Scope, given: Select, tail: Tail): CompiledQuery {
  const select = withSetsJoined(given);
  const joined = joinSources(scope, select.from, select.where);
  const named = select.outputs.flatMap((output) => expand(scope, output));
  const groups = groupsOf(scope, select, named);
  const uses: AggregateUse[] = [];
  scope.aggregates = uses;
  scope.grouped = groups?.names ?? [];
  const shape: Shape = {
    outputs: named.map(({ expression }) => compile(scope, expression)),
    having: select.having === null ? null : compile(scope, select.having),
    sorts: tail.orderBy.map(({ by, ...rest }) => ({ ...rest, by: compile(scope, sortBy(scope, by, named)) })),
  };
  scope.aggregates = null;
  scope.grouped = [];
  const limit = tail.limit === null ? null : coerce(compile(scope, tail.limit), 'int8');
  const offset = tail.offset === null ? null : coerce(compile(scope, tail.offset), 'int8');
  const isGrouped = uses.length > 0 || groups !== null || select.having !== null;
  const locks = tail.locking === null ? null : lockPlan(scope, tail.locking, joined, shape);
  const canStop = !isGrouped && !select.distinct && shape.sorts.length === 0 && locks === null;
  const columns = named.map(({ name }, index) => ({ name, type: known(shape.outputs[index]?.type) }));
  return {
    columns,
    isVolatile: locks !== null,
    run: (env, max) => {
      const from = Number(offset?.eval(env) ?? 0);
      const asked = limit?.eval(env) ?? null;
      const most = asked === null ? Number.POSITIVE_INFINITY : Number(asked);
      const enough = canStop
        ? Math.min(from + most, max ?? Number.POSITIVE_INFINITY)
        : Number.POSITIVE_INFINITY;
      let rows: readonly Emitted[] = isGrouped
        ? grouped(env, joined, shape, uses, groups)
        : plain(env, joined, shape, enough, locks !== null);
      if (select.distinct) rows = distinctRows(rows);
      if (shape.sorts.length > 0) rows = [...rows].sort((a, b) => compareBy(shape.sorts, a.keys, b.keys));
      if (locks !== null) return locks(rows.slice(from), most);
      const end = from + most;
      return (from === 0 && end >= rows.length ? rows : rows.slice(from, end)).map(({ out }) => out);
    },
  };
}

const known = (type: string | undefined): string =>
  type === undefined || type === 'unknown' ? 'text' : type;

/** A function of many rows among the outputs stands for a join with them. */
function withSetsJoined(select: Select): Select {
  const from: Join[] = [...select.from];
  const outputs = select.outputs.map((output): Output => {
    const { of } = output;
    if (of.kind !== 'call' || of.name !== 'unnest') return output;
    const alias = `set of output ${from.length}`;
    from.push({
      source: {
        kind: 'function',
        calls: [{ call: of, columns: [] }],
        ordinality: false,
        alias,
        columns: [{ name: 'value', type: null }],
      },
      left: false,
      on: null,
      using: [],
    });
    return { of: { kind: 'column', table: alias, name: 'value' }, alias: output.alias ?? 'unnest' };
  });
  return { ...select, from, outputs };
}

export function expand(scope: Scope, { of, alias }: Output): NamedOutput[] {
  if (of.kind !== 'star') return [{ name: alias ?? nameOf(of), expression: of }];
  const sources = scope.tables.filter((table) => of.table === null || table.alias === of.table);
  if (sources.length === 0) throw new NotSupported(`${of.table ?? ''}.* of nothing`);
  return sources.flatMap((source) =>
    source.columns.map(({ name }) => ({
      name,
      expression: { kind: 'column', table: source.alias, name } as const,
    })),
  );
}

function nameOf(of: Expression): string {
  if (of.kind === 'column' || of.kind === 'call' || of.kind === 'field') return of.name;
  if (of.kind === 'cast' || of.kind === 'subscript') return nameOf(of.of);
  return of.kind === 'case' || of.kind === 'exists' || of.kind === 'array' ? of.kind : '?column?';
}

// Groups -----------------------------------------------------------------------------------------------------------

interface Groups {
  readonly by: readonly Compiled[];
  /** Which of them each set groups by; null for one set of all. */
  readonly sets: readonly (readonly number[])[] | null;
  readonly names: readonly string[];
}

function groupsOf(
  scope: Scope,
  { groupBy, groupingSets }: Select,
  named: readonly NamedOutput[],
): Groups | null {
  if (groupingSets !== null) {
    const all = [...new Map(groupingSets.flat().map((one) => [JSON.stringify(one), one])).entries()];
    const names = all.map(([name]) => name);
    const sets = groupingSets.map((set) => set.map((one) => names.indexOf(JSON.stringify(one))));
    return { by: all.map(([, one]) => compile(scope, one)), sets, names };
  }
  if (groupBy.length === 0) return null;
  const by = groupBy.map((one) => compile(scope, groupExpression(scope, one, named)));
  return { by, sets: null, names: [] };
}

/** A number stands for an output; a name for a column of a source, and where there is none for an output. */
function groupExpression(scope: Scope, of: Expression, named: readonly NamedOutput[]): Expression {
  if (of.kind === 'constant' && typeof of.value === 'number') return named[of.value - 1]?.expression ?? of;
  if (of.kind === 'column' && of.table === null && resolve(scope, null, of.name) === null) {
    return named.find(({ name }) => name === of.name)?.expression ?? of;
  }
  return of;
}

/** In an order a name stands for an output first. */
function sortBy(_scope: Scope, of: Expression, named: readonly NamedOutput[]): Expression {
  if (of.kind === 'constant' && typeof of.value === 'number') return named[of.value - 1]?.expression ?? of;
  if (of.kind === 'column' && of.table === null)
    return named.find(({ name }) => name === of.name)?.expression ?? of;
  return of;
}

function grouped(
  env: Env,
  joined: Joined,
  { outputs, sorts, having }: Shape,
  uses: readonly AggregateUse[],
  groups: Groups | null,
): Emitted[] {
  const found: Emitted[] = [];
  const sets = groups === null ? [[]] : (groups.sets ?? [groups.by.map((_, index) => index)]);
  for (const set of sets) {
    const made = new Map<string, { env: Env; by: Value[]; states: ReturnType<AggregateUse['make']>[] }>();
    const groupOf = (at: Env, by: Value[]) => {
      const key = keyOf(by, true) ?? '';
      const present = made.get(key);
      if (present !== undefined) return present;
      const group = { env: at.copy(), by, states: uses.map((use) => use.make()) };
      made.set(key, group);
      return group;
    };
    joined.each(env, (at) => {
      const by =
        groups === null ? [] : groups.by.map((one, index) => (set.includes(index) ? one.eval(at) : null));
      const { states } = groupOf(at, by);
      for (const [index, use] of uses.entries()) {
        if (use.filter === null || use.filter.eval(at) === true) states[index]?.add(at);
      }
      return false;
    });
    if (groups === null && made.size === 0) {
      env.rows.fill(null);
      groupOf(env, []);
    }
    for (const { env: at, by, states } of made.values()) {
      at.results = states.map((state) => state.result());
      at.variables = by;
      if (having !== null && having.eval(at) !== true) continue;
      found.push({
        out: outputs.map((output) => output.eval(at)),
        keys: sorts.map((sort) => sort.by.eval(at)),
        env: null,
      });
    }
  }
  return found;
}

function plain(
  env: Env,
  joined: Joined,
  { outputs, sorts }: Shape,
  enough: number,
  keep: boolean,
): Emitted[] {
  const found: Emitted[] = [];
  if (enough <= 0) return found;
  joined.each(env, (at) => {
    found.push({
      out: outputs.map((output) => output.eval(at)),
      keys: sorts.map((sort) => sort.by.eval(at)),
      env: keep ? at.copy() : null,
    });
    return found.length >= enough;
  });
  return found;
}

function distinctRows(rows: readonly Emitted[]): Emitted[] {
  const kept = new Set(distinct(rows.map(({ out }) => out)));
  return rows.filter(({ out }) => kept.has(out));
}

// Locks ------------------------------------------------------------------------------------------------------------

/** Rows are locked one after the other in their order, until there are enough; each is looked at again behind its lock. */
function lockPlan(
  scope: Scope,
  { mode, of, skipLocked, noWait }: Locking,
  joined: Joined,
  { outputs }: Shape,
) {
  if (noWait) throw new NotSupported('NOWAIT');
  const targets = scope.tables.filter(
    ({ table, alias }) => table !== null && (of.length === 0 || of.includes(alias)),
  );
  return (rows: readonly Emitted[], most: number): Rows => {
    const found: (readonly Value[])[] = [];
    for (const { out, env } of rows) {
      if (found.length >= most) break;
      if (env === null) continue;
      const state = lockTargets(env, targets, mode, skipLocked);
      if (state === 'gone') continue;
      if (state === 'as it was') found.push(out);
      else if (joined.holds(env)) found.push(outputs.map((output) => output.eval(env)));
    }
    return found;
  };
}

function lockTargets(
  env: Env,
  targets: Scope['tables'],
  mode: Locking['mode'],
  skipLocked: boolean,
): 'gone' | 'as it was' | 'changed' {
  const { transaction, state } = env.run;
  let changed = false;
  for (const { slot, alias } of targets) {
    const row = env.sources[slot];
    if (row === null || row === undefined) continue;
    if (!row.lock(transaction, mode, `a row of ${alias}`, !skipLocked)) return 'gone';
    const now = row.newest(transaction);
    if (now === env.rows[slot]) continue;
    state.refuseIfRepeatable(transaction);
    if (now === null) return 'gone';
    env.rows[slot] = now;
    changed = true;
  }
  return changed ? 'changed' : 'as it was';
}

export { isAggregate };
