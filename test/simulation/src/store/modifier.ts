/** What every write to one table has to go through: triggers, defaults, checks, unique keys, references. */
import type { TriggerDefinition } from './ast.ts';
import type { Catalog, ReferencePlan, TablePlan, UniquePlan } from './catalog.ts';
import { compile } from './compile-expression.ts';
import { coerce } from './operators.ts';
import { type CompiledTrigger, compileTrigger } from './procedures.ts';
import type { Row, StoredTable } from './rows.ts';
import type { Run } from './run.ts';
import { type Compiled, columnsOf, Env, Scope } from './scope.ts';
import { Blocked, type Transaction } from './transactions.ts';
import { databaseError, keyOf, type Value } from './values.ts';

export type Values = readonly Value[];

export interface Unique {
  readonly plan: UniquePlan;
  readonly of: readonly Compiled[];
  readonly where: Compiled | null;
}
interface Trigger {
  readonly definition: TriggerDefinition;
  readonly compiled: CompiledTrigger;
}

export class Modifier {
  readonly table: TablePlan;
  readonly uniques: readonly Unique[];
  readonly defaults: readonly (Compiled | null)[];
  readonly #catalog: Catalog;
  readonly #checks: readonly { readonly name: string; readonly holds: Compiled }[];
  readonly #triggers: readonly Trigger[];
  readonly #referencedBy: readonly { readonly table: TablePlan; readonly reference: ReferencePlan }[];

  private constructor(catalog: Catalog, table: TablePlan) {
    this.#catalog = catalog;
    this.table = table;
    const scope = new Scope(catalog, null);
    scope.add(table.name, columnsOf(table.columns), table);
    this.#checks = table.checks.map(({ name, condition }) => ({ name, holds: compile(scope, condition) }));
    this.uniques = table.uniques.map((plan) => ({
      plan,
      of: plan.of.map((one) => compile(scope, one)),
      where: plan.where === null ? null : compile(scope, plan.where),
    }));
    this.defaults = table.columns.map(({ default: value, type }) =>
      value === null ? null : coerce(compile(scope, value), type),
    );
    // PostgreSQL fires them in the order of their names.
    const named = [...table.triggers].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#triggers = named.map((definition) => ({
      definition,
      compiled: compileTrigger(catalog, table, definition),
    }));
    this.#referencedBy = [...catalog.tables.values()].flatMap((other) =>
      other.references
        .filter((reference) => reference.table === table.name)
        .map((reference) => ({ table: other, reference })),
    );
  }

  /** Columns of the unique keys that others may refer to: who changes them locks the row as who deletes it. */
  get #keyPlaces(): readonly number[] {
    return this.table.uniques.flatMap(({ columns, where }) => (where === null ? (columns ?? []) : []));
  }
  changesKey(old: Values, now: Values): boolean {
    return this.#keyPlaces.some(
      (place) => keyOf([old[place] ?? null], true) !== keyOf([now[place] ?? null], true),
    );
  }
  namesKey(names: readonly string[]): boolean {
    return this.#keyPlaces.some((place) => names.includes(this.table.columns[place]?.name ?? ''));
  }

  static of(catalog: Catalog, table: TablePlan): Modifier {
    table.modifier ??= new Modifier(catalog, table);
    return table.modifier;
  }

  // Triggers -------------------------------------------------------------------------------------------------------

  statementTriggers(
    run: Run,
    event: string,
    before: boolean,
    changes: { readonly old: readonly Values[]; readonly now: readonly Values[] },
  ): void {
    for (const { definition, compiled } of this.#triggers) {
      if (definition.eachRow || definition.before !== before || !definition.events.includes(event)) continue;
      compiled.run(run.inner(), { old: null, now: null, oldRows: changes.old, newRows: changes.now, event });
    }
  }

  /** @returns the row as the triggers leave it; null where one of them says that nothing is to be done. */
  rowTriggers(
    run: Run,
    event: string,
    before: boolean,
    old: Values | null,
    now: Values | null,
    set: readonly string[] = [],
  ): Values | null {
    let values = now ?? old;
    for (const { definition, compiled } of this.#triggers) {
      if (!definition.eachRow || definition.before !== before || !definition.events.includes(event)) continue;
      const { updateOf } = definition;
      if (event === 'update' && updateOf.length > 0 && !updateOf.some((column) => set.includes(column)))
        continue;
      const answer = compiled.run(run.inner(), {
        old,
        now: now === null ? null : values,
        oldRows: [],
        newRows: [],
        event,
      });
      if (before && answer === null) return null;
      if (before && now !== null) values = answer;
    }
    return values;
  }

  // Checks ---------------------------------------------------------------------------------------------------------

  check(run: Run, values: Values): void {
    for (const [place, { name, notNull }] of this.table.columns.entries()) {
      if (notNull && (values[place] ?? null) === null) {
        throw databaseError(
          '23502',
          `null value in column "${name}" of relation "${this.table.name}" violates not-null constraint`,
        );
      }
    }
    const env = this.#env(run, values);
    for (const { name, holds } of this.#checks) {
      if (holds.eval(env) === false) {
        throw databaseError(
          '23514',
          `new row for relation "${this.table.name}" violates check constraint "${name}"`,
          { constraint: name },
        );
      }
    }
  }

  #env(run: Run, values: Values): Env {
    const env = new Env(run, null, 1);
    env.rows[0] = values;
    return env;
  }

  /** Null where the row is not in this index. */
  keyIn(run: Run, unique: Unique, values: Values): readonly Value[] | null {
    const env = this.#env(run, values);
    if (unique.where !== null && unique.where.eval(env) !== true) return null;
    const key = unique.of.map((one) => one.eval(env));
    return keyOf(key, unique.plan.nullsEqual) === null ? null : key;
  }

  /**
   * The other row with the same key, as far as it is known: committed or written by this transaction.
   * @throws Blocked where a transaction that has not ended decides whether there is one.
   */
  conflict(run: Run, unique: Unique, values: Values, self: Row | null): Row | null {
    const key = this.keyIn(run, unique, values);
    if (key === null) return null;
    const wanted = keyOf(key, true);
    const table = run.state.stored(this.table);
    const { columns } = unique.plan;
    const rows = columns === null ? table.rows : table.lookUp(columns, key);
    const same = (candidate: Values | null): boolean => {
      if (candidate === null) return false;
      const found = this.keyIn(run, unique, candidate);
      return found !== null && keyOf(found, true) === wanted;
    };
    for (const row of rows) {
      if (row === self) continue;
      const { writer } = row;
      if (writer === null || writer === run.transaction) {
        if (same(row.newest(run.transaction))) return row;
        continue;
      }
      // Also where the key stays as it is: PostgreSQL waits for whoever is changing the row at all.
      const pending = row.pending.at(-1)?.values ?? null;
      const committed = row.committed?.values ?? null;
      if (same(pending) || same(committed))
        throw new Blocked([writer], `the key ${wanted} of ${this.table.name}`);
    }
    return null;
  }

  checkUnique(run: Run, values: Values, self: Row | null, except: ReadonlySet<Unique> = new Set()): void {
    for (const unique of this.uniques) {
      if (except.has(unique) || this.conflict(run, unique, values, self) === null) continue;
      const { name } = unique.plan;
      throw databaseError('23505', `duplicate key value violates unique constraint "${name}"`, {
        constraint: name,
      });
    }
  }

  // References -----------------------------------------------------------------------------------------------------

  /** Locks the rows that are named, so that nobody deletes them meanwhile. */
  checkReferences(run: Run, values: Values, old: Values | null): void {
    for (const { columns, table, name } of this.table.references) {
      const key = columns.map((column) => values[column] ?? null);
      if (
        keyOf(key) === null ||
        (old !== null && keyOf(columns.map((column) => old[column] ?? null)) === keyOf(key))
      )
        continue;
      const parent = this.#catalog.table(table);
      const places = parent.uniques.find(({ primary }) => primary)?.columns ?? [];
      const rows = run.state.stored(parent).lookUp(places, key);
      if (!this.#lockParent(run.transaction, rows, places, key)) {
        throw databaseError(
          '23503',
          `insert or update on table "${this.table.name}" violates foreign key constraint "${name}"`,
          { constraint: name },
        );
      }
    }
  }

  #lockParent(
    transaction: Transaction,
    rows: Iterable<Row>,
    places: readonly number[],
    key: readonly Value[],
  ): boolean {
    for (const row of rows) {
      const has = (values: Values | null): boolean =>
        values !== null && keyOf(places.map((place) => values[place] ?? null)) === keyOf(key);
      if (!has(row.newest(transaction))) continue;
      row.lock(transaction, 'key-share', `a row of the referenced table`);
      return true;
    }
    return false;
  }

  /** What names a row that is deleted goes with it, or keeps it from going. */
  deleteReferring(run: Run, values: Values): void {
    for (const { table, reference } of this.#referencedBy) {
      const places = this.table.uniques.find(({ primary }) => primary)?.columns ?? [];
      const key = places.map((place) => values[place] ?? null);
      const stored = run.state.stored(table);
      for (const row of stored.lookUp(reference.columns, key)) {
        const now = row.newest(run.transaction);
        if (now === null || keyOf(reference.columns.map((column) => now[column] ?? null)) !== keyOf(key))
          continue;
        if (!reference.cascade) {
          // Whoever is deleting it decides first.
          row.lock(run.transaction, 'key-share', `a row of ${table.name}`);
          throw databaseError(
            '23503',
            `update or delete on table "${this.table.name}" violates foreign key constraint "${reference.name}" on table "${table.name}"`,
            { constraint: reference.name },
          );
        }
        deleteRow(run.inner(), Modifier.of(this.#catalog, table), stored, row, now);
      }
    }
  }
}

export function deleteRow(
  run: Run,
  modifier: Modifier,
  stored: StoredTable,
  row: Row,
  values: Values,
): boolean {
  row.lock(run.transaction, 'update', `a row of ${stored.plan.name}`);
  if (modifier.rowTriggers(run, 'delete', true, values, null) === null) return false;
  modifier.deleteReferring(run, values);
  stored.write(row, run.transaction, run.command, null);
  run.state.takeId(run.transaction);
  modifier.rowTriggers(run, 'delete', false, values, null);
  return true;
}
