/** Sources of a query, joined by nested loops; a condition is asked as soon as all that it names is there. */
import type { Expression, Join } from './ast.ts';
import type { TablePlan } from './catalog.ts';
import { compile } from './compile-expression.ts';
import { coerce } from './operators.ts';
import { type Compiled, type Env, resolve, type Scope } from './scope.ts';
import { sourceOf } from './sources.ts';
import type { Row } from './rows.ts';
import { elementOf, isArray } from './types.ts';
import { isValues, type Value } from './values.ts';

export interface Joined {
  /** Calls back for every combination of rows, until it is told to stop. */
  readonly each: (env: Env, then: (env: Env) => boolean) => void;
  /** Whether the conditions hold for the rows that are in the environment. */
  readonly holds: (env: Env) => boolean;
}

/** How the rows with a given value in one column are found without looking at all. */
interface LookUp {
  readonly column: number;
  readonly value: Compiled;
  readonly isList: boolean;
}
interface Step {
  readonly slot: number;
  readonly table: TablePlan | null;
  readonly rows: ((env: Env) => readonly (readonly Value[])[]) | null;
  readonly left: boolean;
  /** Of a left join: decide what matches. */
  readonly on: Compiled[];
  readonly filters: Compiled[];
  readonly lookUps: LookUp[];
}

export function conjuncts(of: Expression | null): Expression[] {
  if (of === null) return [];
  return of.kind === 'and' ? of.of.flatMap(conjuncts) : [of];
}

/** @param hasTarget a target of a modification is in the scope already: it is joined last. */
export function joinSources(
  scope: Scope,
  joins: readonly Join[],
  where: Expression | null,
  hasTarget = false,
): Joined {
  const steps: Step[] = [];
  const conditions: Condition[] = [];
  for (const join of joins) {
    const { slot, table, rows } = sourceOf(scope, join.source);
    const step = stepOf(slot, table, rows, join.left);
    steps.push(step);
    const on = [...conjuncts(join.on), ...join.using.map((name) => sameColumn(scope, slot, name))];
    // An inner join's conditions are as good as any other; a left join's decide what matches.
    conditions.push(...on.map((of) => ({ of, left: join.left ? step : null })));
  }
  if (hasTarget) steps.push(stepOf(0, scope.tables[0]?.table ?? null, null, false));
  conditions.push(...conjuncts(where).map((of) => ({ of, left: null })));
  const free: Compiled[] = [];
  for (const { of, left } of conditions) place(scope, steps, free, of, left);
  const all = [...free, ...steps.flatMap((step) => [...step.filters, ...(step.left ? [] : step.on)])];
  return {
    each: (env, then) => {
      if (free.every((condition) => condition.eval(env) === true)) walk(steps, 0, env, then);
    },
    holds: (env) => all.every((condition) => condition.eval(env) === true),
  };
}

interface Condition {
  readonly of: Expression;
  /** The left join whose condition it is. */
  readonly left: Step | null;
}

const stepOf = (slot: number, table: TablePlan | null, rows: Step['rows'], left: boolean): Step => ({
  slot,
  table,
  rows,
  left,
  on: [],
  filters: [],
  lookUps: [],
});

function sameColumn(scope: Scope, slot: number, name: string): Expression {
  const other = scope.tables.find(
    (table) => table.slot !== slot && table.columns.some((column) => column.name === name),
  );
  const column = (table: string | undefined): Expression => ({ kind: 'column', table: table ?? null, name });
  return {
    kind: 'binary',
    operator: '=',
    left: column(other?.alias),
    right: column(scope.tables[slot]?.alias),
  };
}

/** Puts a condition where its last source is bound, and finds out whether it tells where to look. */
function place(
  scope: Scope,
  steps: readonly Step[],
  free: Compiled[],
  condition: Expression,
  left: Step | null,
): void {
  scope.used = 0;
  const compiled = coerce(compile(scope, condition), 'bool');
  const { used } = scope;
  const step = left ?? steps.findLast(({ slot }) => (used & (1 << slot)) !== 0);
  if (step === undefined) {
    free.push(compiled);
    return;
  }
  (left === null ? step.filters : step.on).push(compiled);
  if (step.table !== null && (left !== null || !step.left)) {
    const lookUp = lookUpOf(scope, step, steps.slice(0, steps.indexOf(step)), condition);
    if (lookUp !== null) step.lookUps.push(lookUp);
  }
}

function lookUpOf(
  scope: Scope,
  { slot }: Step,
  before: readonly Step[],
  condition: Expression,
): LookUp | null {
  const known = before.reduce((slots, step) => slots | (1 << step.slot), 0);
  const sides: (readonly [Expression, Expression, boolean])[] = [];
  if (condition.kind === 'binary' && condition.operator === '=') {
    sides.push([condition.left, condition.right, false], [condition.right, condition.left, false]);
  } else if (
    condition.kind === 'quantified' &&
    condition.operator === '=' &&
    !condition.all &&
    condition.array !== null
  ) {
    sides.push([condition.left, condition.array, true]);
  }
  for (const [column, other, isList] of sides) {
    if (column.kind !== 'column') continue;
    const found = resolve(scope, column.table, column.name);
    if (found === null || found.depth !== 0 || found.kind !== 'column' || found.slot !== slot) continue;
    scope.used = 0;
    const value = compile(scope, other);
    // Only what is known before this source is walked can tell where to look.
    if ((scope.used & ~known) !== 0) continue;
    return { column: found.column, value: keyed(value, found.type, isList), isList };
  }
  return null;
}

/** Numbers of different widths share their keys, so only texts have to become what the column is. */
function keyed(value: Compiled, type: string, isList: boolean): Compiled {
  if (!isList) return value.type === 'unknown' ? coerce(value, type) : value;
  if (value.type === 'unknown') return coerce(value, `${type}[]`);
  return isArray(value.type) && elementOf(value.type) === 'unknown' ? coerce(value, `${type}[]`) : value;
}

/** @returns whether it was told to stop. */
function walk(steps: readonly Step[], at: number, env: Env, then: (env: Env) => boolean): boolean {
  const step = steps[at];
  if (step === undefined) return then(env);
  let matched = false;
  const visit = (values: readonly Value[], row: Row | null): boolean => {
    env.rows[step.slot] = values;
    env.sources[step.slot] = row;
    for (const condition of step.on) if (condition.eval(env) !== true) return false;
    matched = true;
    for (const condition of step.filters) if (condition.eval(env) !== true) return false;
    return walk(steps, at + 1, env, then);
  };
  if (step.rows !== null) {
    for (const values of step.rows(env)) if (visit(values, null)) return true;
  } else if (step.table !== null) {
    const { transaction, command, snapshot, state } = env.run;
    for (const row of candidates(step, env, state.stored(step.table))) {
      const values = row.seenBy(transaction, command, snapshot);
      if (values !== null && visit(values, row)) return true;
    }
  }
  env.rows[step.slot] = null;
  env.sources[step.slot] = null;
  if (!step.left || matched) return false;
  for (const condition of step.filters) if (condition.eval(env) !== true) return false;
  return walk(steps, at + 1, env, then);
}

function candidates(
  { lookUps }: Step,
  env: Env,
  table: {
    rows: ReadonlySet<Row>;
    lookUp: (columns: readonly number[], values: readonly Value[]) => ReadonlySet<Row>;
  },
): Iterable<Row> {
  const [first] = lookUps;
  if (first === undefined) return table.rows;
  const value = first.value.eval(env);
  if (value === null) return [];
  if (!first.isList) {
    let best = table.lookUp([first.column], [value]);
    for (const { column, value: of, isList } of lookUps.slice(1)) {
      if (isList) continue;
      const key = of.eval(env);
      if (key === null) return [];
      const rows = table.lookUp([column], [key]);
      if (rows.size < best.size) best = rows;
    }
    return best;
  }
  const rows = new Set<Row>();
  for (const one of isValues(value) ? value : []) {
    if (one !== null) for (const row of table.lookUp([first.column], [one])) rows.add(row);
  }
  return rows;
}
