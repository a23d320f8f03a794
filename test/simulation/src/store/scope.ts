/** Names while a statement is compiled, and rows while it runs. */
import type { Catalog, ColumnPlan, TablePlan } from './catalog.ts';
import type { Run } from './run.ts';
import type { Row } from './rows.ts';
import { NotSupported } from './tokens.ts';
import type { Value } from './values.ts';

/** What a compiled expression is evaluated against: one row of each source, and what encloses it. */
export class Env {
  readonly run: Run;
  readonly up: Env | null;
  rows: (readonly Value[] | null)[];
  /** The stored rows behind them; null where a source is no table. */
  sources: (Row | null)[];
  /** Of the aggregates of the group. */
  results: readonly Value[] = [];
  variables: Value[] = [];

  constructor(run: Run, up: Env | null, slots = 0) {
    this.run = run;
    this.up = up;
    this.rows = new Array<readonly Value[] | null>(slots).fill(null);
    this.sources = new Array<Row | null>(slots).fill(null);
  }

  copy(): Env {
    const copied = new Env(this.run, this.up);
    copied.rows = [...this.rows];
    copied.sources = [...this.sources];
    copied.results = this.results;
    return copied;
  }
}

export interface Compiled {
  readonly type: string;
  readonly eval: (env: Env) => Value;
}

export interface NamedType {
  readonly name: string;
  readonly type: string;
}
export interface ScopeTable {
  readonly alias: string;
  readonly columns: readonly NamedType[];
  readonly slot: number;
  readonly table: TablePlan | null;
}
/** A relation that the statement itself has made: a common table, or the rows of a trigger. */
export interface CommonPlan {
  readonly name: string;
  readonly columns: readonly NamedType[];
}
export interface AggregateUse {
  readonly make: () => { add: (env: Env) => void; result: () => Value };
  readonly filter: Compiled | null;
}

export class Scope {
  readonly catalog: Catalog;
  readonly up: Scope | null;
  readonly tables: ScopeTable[] = [];
  readonly variables: NamedType[] = [];
  readonly commons: CommonPlan[] = [];
  /** Set while the outputs of a query with groups are compiled. */
  aggregates: AggregateUse[] | null = null;
  /** Expressions of GROUPING SETS, as text: where they are met, the value of the group stands. */
  grouped: readonly string[] = [];
  /** Slots of this scope that were named since it was cleared. */
  used = 0;
  /** Something of an enclosing scope was named. */
  correlated = false;

  constructor(catalog: Catalog, up: Scope | null) {
    this.catalog = catalog;
    this.up = up;
  }

  add(alias: string, columns: readonly NamedType[], table: TablePlan | null): number {
    const slot = this.tables.length;
    this.tables.push({ alias, columns, slot, table });
    return slot;
  }

  findCommon(name: string): CommonPlan | null {
    for (let scope: Scope | null = this; scope !== null; scope = scope.up) {
      const found = scope.commons.find((common) => common.name === name);
      if (found !== undefined) return found;
    }
    return null;
  }
}

export interface Place {
  readonly depth: number;
  readonly slot: number;
  readonly column: number;
  readonly type: string;
  readonly kind: 'column' | 'row' | 'variable' | 'ctid';
  readonly table: ScopeTable | null;
}

/** Where a name is found, from the inside out. */
export function resolve(scope: Scope, table: string | null, name: string): Place | null {
  const passed: Scope[] = [];
  let depth = 0;
  for (let at: Scope | null = scope; at !== null; at = at.up) {
    const found = resolveIn(at, table, name);
    if (found !== null) {
      if (found.slot >= 0) at.used |= 1 << found.slot;
      for (const inner of passed) inner.correlated = true;
      return { ...found, depth };
    }
    passed.push(at);
    depth += 1;
  }
  return null;
}

type Found = Omit<Place, 'depth'>;

function resolveIn(scope: Scope, table: string | null, name: string): Found | null {
  const found: Found[] = [];
  for (const source of scope.tables) {
    if (table !== null && source.alias !== table) continue;
    const column = source.columns.findIndex((candidate) => candidate.name === name);
    const type = source.columns[column]?.type;
    if (type !== undefined) found.push({ slot: source.slot, column, type, kind: 'column', table: source });
    else if (name === 'ctid' && source.table !== null)
      found.push({ slot: source.slot, column: 0, type: 'int8', kind: 'ctid', table: source });
  }
  // The columns of USING are found twice; both have the same value.
  const [first] = found;
  if (first !== undefined) return first;
  if (table === null) {
    const source = scope.tables.find(({ alias }) => alias === name);
    if (source !== undefined) {
      const type = source.table === null ? 'record' : `row:${source.table.name}`;
      return { slot: source.slot, column: 0, type, kind: 'row', table: source };
    }
    const variable = scope.variables.findIndex((candidate) => candidate.name === name);
    const type = scope.variables[variable]?.type;
    if (type !== undefined) return { slot: -1, column: variable, type, kind: 'variable', table: null };
  }
  return null;
}

/** The enclosing environment, so many levels up. */
export function envAt(env: Env, depth: number): Env {
  let at = env;
  for (let level = 0; level < depth; level += 1) {
    if (at.up === null) throw new NotSupported('a name outside of everything');
    at = at.up;
  }
  return at;
}

export const columnsOf = (columns: readonly ColumnPlan[]): NamedType[] =>
  columns.map(({ name, type }) => ({ name, type }));
