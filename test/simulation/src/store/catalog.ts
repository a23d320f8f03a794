/** What the migrations define. Several simulated databases may share one catalog; rows are elsewhere. */
import type {
  ColumnDefinition,
  Constraint,
  Definition,
  Expression,
  FunctionDefinition,
  Query,
  TableChange,
  TriggerDefinition,
} from './ast.ts';
import type { Modifier } from './compile-modify.ts';
import type { Plan } from './plans.ts';
import { NotSupported } from './tokens.ts';

export interface ColumnPlan {
  readonly name: string;
  readonly type: string;
  notNull: boolean;
  readonly identity: boolean;
  default: Expression | null;
}
export interface UniquePlan {
  readonly name: string;
  readonly of: readonly Expression[];
  /** Places of the columns where all expressions are columns. */
  readonly columns: readonly number[] | null;
  readonly where: Expression | null;
  readonly nullsEqual: boolean;
  readonly primary: boolean;
}
export interface CheckPlan {
  readonly name: string;
  readonly condition: Expression;
}
export interface ReferencePlan {
  readonly name: string;
  readonly columns: readonly number[];
  readonly table: string;
  readonly cascade: boolean;
}

export class TablePlan {
  readonly name: string;
  readonly columns: ColumnPlan[] = [];
  uniques: UniquePlan[] = [];
  checks: CheckPlan[] = [];
  references: ReferencePlan[] = [];
  triggers: TriggerDefinition[] = [];
  /** What writes have to look at, compiled at the first write. */
  modifier: Modifier | null = null;

  constructor(name: string) {
    this.name = name;
  }
  place(column: string): number {
    const place = this.columns.findIndex(({ name }) => name === column);
    if (place < 0) throw new NotSupported(`the column ${column} of ${this.name}`);
    return place;
  }
}

export class Catalog {
  readonly tables = new Map<string, TablePlan>();
  readonly views = new Map<string, Query>();
  readonly functions = new Map<string, FunctionDefinition>();
  readonly sequences = new Set<string>();
  /** Compiled statements by their text. */
  readonly plans = new Map<string, readonly Plan[]>();

  table(name: string): TablePlan {
    const table = this.tables.get(name);
    if (table === undefined) throw new NotSupported(`the table ${name}`);
    return table;
  }

  define(definition: Definition): void {
    if (definition.kind === 'truncate' || definition.kind === 'ignored') return;
    this.plans.clear();
    for (const table of this.tables.values()) table.modifier = null;
    switch (definition.kind) {
      case 'create-table':
        this.#createTable(definition);
        return;
      case 'alter-table':
        for (const change of definition.changes) alter(this.table(definition.name), change);
        return;
      case 'create-index':
        if (definition.unique) addUnique(this.table(definition.table), definition);
        return;
      case 'create-view':
        this.views.set(definition.name, definition.query);
        return;
      case 'create-sequence':
        this.sequences.add(definition.name);
        return;
      case 'create-function':
        this.functions.set(definition.name, definition);
        return;
      case 'create-trigger':
        this.table(definition.table).triggers.push(definition);
        return;
      case 'drop':
        this.#drop(definition);
        return;
    }
  }

  #createTable(definition: Extract<Definition, { kind: 'create-table' }>): void {
    if (definition.ifNotExists && this.tables.has(definition.name)) return;
    const table = new TablePlan(definition.name);
    this.tables.set(definition.name, table);
    if (definition.like !== null) {
      table.columns.push(...this.table(definition.like).columns.map((column) => ({ ...column })));
      return;
    }
    for (const column of definition.columns) addColumn(table, column);
    for (const constraint of definition.constraints) addConstraint(table, constraint);
  }

  #drop({ what, name, table }: Extract<Definition, { kind: 'drop' }>): void {
    if (what === 'trigger' && table !== null) {
      const plan = this.table(table);
      plan.triggers = plan.triggers.filter((trigger) => trigger.name !== name);
    } else if (what === 'index') {
      for (const plan of this.tables.values())
        plan.uniques = plan.uniques.filter((unique) => unique.name !== name);
    } else if (what === 'table') this.tables.delete(name);
    else if (what === 'view') this.views.delete(name);
    else if (what === 'function') this.functions.delete(name);
    else throw new NotSupported(`to drop a ${what}`);
  }
}

function addColumn(
  table: TablePlan,
  { name, type, notNull, identity, default: value, constraints }: ColumnDefinition,
): void {
  table.columns.push({ name, type, notNull, identity, default: value });
  for (const constraint of constraints) addConstraint(table, constraint);
}

function addConstraint(table: TablePlan, constraint: Constraint): void {
  switch (constraint.kind) {
    case 'check':
      table.checks.push({
        name: constraint.name ?? checkName(table, constraint.condition),
        condition: constraint.condition,
      });
      return;
    case 'unique': {
      const columns = constraint.columns.map((column) => table.place(column));
      const names = constraint.columns.join('_');
      const name =
        constraint.name ?? (constraint.primary ? `${table.name}_pkey` : `${table.name}_${names}_key`);
      const of = constraint.columns.map(
        (column): Expression => ({ kind: 'column', table: null, name: column }),
      );
      if (constraint.primary) for (const place of columns) notNull(table, place);
      table.uniques.push({
        name,
        of,
        columns,
        where: null,
        nullsEqual: constraint.nullsEqual,
        primary: constraint.primary,
      });
      return;
    }
    case 'reference':
      table.references.push({
        name: constraint.name ?? `${table.name}_${constraint.columns.join('_')}_fkey`,
        columns: constraint.columns.map((column) => table.place(column)),
        table: constraint.table,
        cascade: constraint.cascade,
      });
      return;
  }
}

function notNull(table: TablePlan, place: number): void {
  const column = table.columns[place];
  if (column !== undefined) column.notNull = true;
}

/** As PostgreSQL names them: after the column where they name one alone. */
function checkName(table: TablePlan, condition: Expression): string {
  const named = new Set<string>();
  JSON.stringify(condition, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString();
    if (
      typeof value === 'object' &&
      value !== null &&
      'kind' in value &&
      value.kind === 'column' &&
      'name' in value
    ) {
      named.add(String(value.name));
    }
    return value;
  });
  const [only] = named;
  const base = named.size === 1 ? `${table.name}_${only}_check` : `${table.name}_check`;
  const taken = new Set(table.checks.map(({ name }) => name));
  if (!taken.has(base)) return base;
  for (let number = 1; ; number += 1) if (!taken.has(`${base}${number}`)) return `${base}${number}`;
}

function addUnique(
  table: TablePlan,
  { name, of, where, nullsEqual }: Extract<Definition, { kind: 'create-index' }>,
): void {
  const places = of.map((one) => (one.kind === 'column' ? table.place(one.name) : -1));
  table.uniques.push({
    name,
    of,
    columns: places.includes(-1) ? null : places,
    where,
    nullsEqual,
    primary: false,
  });
}

function alter(table: TablePlan, change: TableChange): void {
  switch (change.kind) {
    case 'add-column':
      if (!change.ifNotExists || !table.columns.some(({ name }) => name === change.column.name))
        addColumn(table, change.column);
      return;
    case 'add-constraint':
      addConstraint(table, change.constraint);
      return;
    case 'drop-constraint': {
      const { name } = change;
      table.checks = table.checks.filter((check) => check.name !== name);
      table.uniques = table.uniques.filter((unique) => unique.name !== name);
      table.references = table.references.filter((reference) => reference.name !== name);
      return;
    }
    case 'set-default':
      setDefault(table, change.column, change.value);
      return;
    case 'set-not-null':
    case 'drop-not-null': {
      const column = table.columns[table.place(change.column)];
      if (column !== undefined) column.notNull = change.kind === 'set-not-null';
      return;
    }
    case 'drop-column':
      throw new NotSupported('to drop a column');
    case 'ignored':
      return;
  }
}

function setDefault(table: TablePlan, column: string, value: Expression | null): void {
  const plan = table.columns[table.place(column)];
  if (plan !== undefined) plan.default = value;
}
