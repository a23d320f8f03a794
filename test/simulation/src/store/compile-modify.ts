/** Makes functions of INSERT, UPDATE and DELETE. */
import type { Assignment, Delete, Expression, Insert, Modification, Output, Update } from './ast.ts';
import type { TablePlan } from './catalog.ts';
import { compile } from './compile-expression.ts';
import { type CompiledQuery, compileQuery } from './compile-query.ts';
import { expand } from './compile-select.ts';
import { joinSources } from './join.ts';
import { deleteRow, Modifier, type Unique, type Values } from './modifier.ts';
import { coerce } from './operators.ts';
import type { Row } from './rows.ts';
import type { Run } from './run.ts';
import { type Compiled, columnsOf, Env, Scope } from './scope.ts';
import { NotSupported } from './tokens.ts';
import { databaseError, type Value } from './values.ts';

export type { Modifier } from './modifier.ts';

export function compileModification(scope: Scope, modification: Modification): CompiledQuery {
  if (modification.kind === 'insert') return compileInsert(scope, modification);
  return modification.kind === 'update'
    ? compileUpdate(scope, modification)
    : compileDelete(scope, modification);
}

interface Returning {
  readonly columns: CompiledQuery['columns'];
  readonly of: (env: Env) => readonly Value[];
}
function returningOf(scope: Scope, outputs: readonly Output[]): Returning {
  const named = outputs.flatMap((output) => expand(scope, output));
  const compiled = named.map(({ expression }) => compile(scope, expression));
  const columns = named.map(({ name }, index) => {
    const type = compiled[index]?.type ?? 'text';
    return { name, type: type === 'unknown' ? 'text' : type };
  });
  return { columns, of: (env) => compiled.map((one) => one.eval(env)) };
}

// INSERT -----------------------------------------------------------------------------------------------------------

function compileInsert(scope: Scope, insert: Insert): CompiledQuery {
  const { catalog } = scope;
  const table = catalog.table(insert.table);
  const source = insert.query === null ? null : compileQuery(new Scope(catalog, scope), insert.query);
  const names = insert.columns.length > 0 ? insert.columns : table.columns.map(({ name }) => name);
  const places = names.map((name) => table.place(name));
  const makers = table.columns.map(({ type }, place) => {
    const from = places.indexOf(place);
    const given = source?.columns[from];
    if (from < 0 || given === undefined) return null;
    return { from, cast: caster(given.type, type) };
  });
  // The query knows nothing of the table; what is returned and what a conflict does know both rows.
  const target = new Scope(catalog, scope);
  target.add(insert.alias, columnsOf(table.columns), table);
  target.add('excluded', columnsOf(table.columns), null);
  const conflict =
    insert.conflict === null ? null : { target: insert.conflict, act: onConflict(target, table, insert) };
  const returned = new Scope(catalog, scope);
  returned.add(insert.alias, columnsOf(table.columns), table);
  const returning = returningOf(returned, insert.returning);
  return {
    columns: returning.columns,
    isVolatile: true,
    run: (env) => {
      const { run } = env;
      const modifier = Modifier.of(catalog, table);
      modifier.statementTriggers(run, 'insert', true, NO_CHANGES);
      const given = source === null ? [[]] : source.run(env);
      const made: Values[] = [];
      const updated: { readonly old: Values; readonly now: Values }[] = [];
      const out: (readonly Value[])[] = [];
      for (const row of given) {
        const drawn = table.columns.map((_, place) =>
          valueFor(env, modifier, place, makers[place] ?? null, row),
        );
        const values = prepared(run, modifier, drawn);
        if (values === null) continue;
        const written =
          conflict === null ? insertRow(run, modifier, values, NONE) : conflict.act(env, modifier, values);
        if (written === null) continue;
        if (written.old === null) made.push(written.now);
        else updated.push({ old: written.old, now: written.now });
        const at = new Env(run, env, 1);
        at.rows[0] = written.now;
        if (returning.columns.length > 0) out.push(returning.of(at));
      }
      run.state.changed(run, made.length + updated.length);
      modifier.statementTriggers(run, 'insert', false, { old: [], now: made });
      if (conflict !== null && conflict.target.set !== null)
        modifier.statementTriggers(run, 'update', false, {
          old: updated.map(({ old }) => old),
          now: updated.map(({ now }) => now),
        });
      return out;
    },
  };
}

const NO_CHANGES = { old: [], now: [] };
const NONE: ReadonlySet<Unique> = new Set();
type Cast = (value: Value) => Value;

function caster(from: string, to: string): Cast | null {
  if (from === to) return null;
  let value: Value = null;
  const cast = coerce({ type: from, eval: () => value }, to);
  const nowhere: Env = Object.create(Env.prototype);
  return (given) => {
    value = given;
    return cast.eval(nowhere);
  };
}

function valueFor(
  env: Env,
  modifier: Modifier,
  place: number,
  maker: { from: number; cast: Cast | null } | null,
  row: readonly Value[],
): Value {
  if (maker !== null) {
    const value = row[maker.from] ?? null;
    return maker.cast === null ? value : maker.cast(value);
  }
  const { table, defaults } = modifier;
  const column = table.columns[place];
  if (column?.identity === true) return env.run.drawn.draw(() => env.run.state.nextIdentity(table, place));
  return defaults[place]?.eval(env) ?? null;
}

interface Written {
  readonly old: Values | null;
  readonly now: Values;
}

/** As the triggers leave it; refused where a check says so, even if nothing comes to be inserted. */
function prepared(run: Run, modifier: Modifier, given: Values): Values | null {
  const values = modifier.rowTriggers(run, 'insert', true, null, given);
  if (values !== null) modifier.check(run, values);
  return values;
}

function insertRow(run: Run, modifier: Modifier, values: Values, checked: ReadonlySet<Unique>): Written {
  modifier.checkUnique(run, values, null, checked);
  const stored = run.state.stored(modifier.table);
  stored.insert(run.transaction, run.command, values);
  run.state.takeId(run.transaction);
  modifier.checkReferences(run, values, null);
  modifier.rowTriggers(run, 'insert', false, null, values);
  return { old: null, now: values };
}

/** @param scope has the row that is there first, and the one that was to be inserted after it. */
function onConflict(scope: Scope, table: TablePlan, insert: Insert) {
  const { conflict } = insert;
  if (conflict === null) throw new NotSupported('a conflict of nothing');
  const set = conflict.set === null ? null : assignments(scope, table, conflict.set);
  const names = (conflict.set ?? []).map(({ column }) => column);
  const where = conflict.setWhere === null ? null : compile(scope, conflict.setWhere);
  return (env: Env, modifier: Modifier, values: Values): Written | null => {
    const { run } = env;
    const arbiters = arbitersOf(modifier, conflict.target, conflict.where);
    const row = firstConflict(run, modifier, arbiters, values);
    if (row === null) return insertRow(run, modifier, values, new Set(arbiters));
    if (set === null) return null;
    row.lock(
      run.transaction,
      modifier.namesKey(names) ? 'update' : 'no-key-update',
      `a row of ${table.name}`,
    );
    const old = row.newest(run.transaction);
    if (old === null) throw new NotSupported('a conflict with a row that is gone');
    if (row.pending.at(-1)?.command === run.command) {
      throw databaseError('21000', 'ON CONFLICT DO UPDATE command cannot affect row a second time');
    }
    const at = new Env(run, env, 2);
    at.rows = [old, values];
    at.sources[0] = row;
    if (where !== null && where.eval(at) !== true) return null;
    return writeUpdate(run, modifier, row, old, changed(at, old, set), names);
  };
}

/** The first one decides, whatever the others would have to wait for. */
function firstConflict(
  run: Run,
  modifier: Modifier,
  arbiters: readonly Unique[],
  values: Values,
): Row | null {
  for (const unique of arbiters) {
    const row = modifier.conflict(run, unique, values, null);
    if (row !== null) return row;
  }
  return null;
}

function arbitersOf(
  modifier: Modifier,
  target: readonly Expression[],
  where: Expression | null,
): readonly Unique[] {
  if (target.length === 0) return modifier.uniques;
  const wanted = target
    .map((one) => JSON.stringify(one))
    .sort()
    .join();
  const found = modifier.uniques.filter(
    ({ plan }) =>
      plan.of
        .map((one) => JSON.stringify(one))
        .sort()
        .join() === wanted &&
      (plan.where === null || JSON.stringify(plan.where) === JSON.stringify(where)),
  );
  if (found.length === 0) {
    throw databaseError(
      '42P10',
      'there is no unique or exclusion constraint matching the ON CONFLICT specification',
    );
  }
  return found;
}

// UPDATE -----------------------------------------------------------------------------------------------------------

interface Setting {
  readonly place: number;
  /** Null: the default. */
  readonly value: Compiled | null;
}
function assignments(scope: Scope, table: TablePlan, set: readonly Assignment[]): Setting[] {
  return set.map(({ column, value }) => {
    const place = table.place(column);
    return {
      place,
      value: value === null ? null : coerce(compile(scope, value), table.columns[place]?.type ?? 'text'),
    };
  });
}

function changed(env: Env, old: Values, set: readonly Setting[]): Value[] {
  const values = [...old];
  for (const { place, value } of set) values[place] = value === null ? null : value.eval(env);
  return values;
}

function writeUpdate(
  run: Run,
  modifier: Modifier,
  row: Row,
  old: Values,
  given: Values,
  set: readonly string[],
): Written | null {
  const values = modifier.rowTriggers(run, 'update', true, old, given, set);
  if (values === null) return null;
  modifier.check(run, values);
  if (modifier.changesKey(old, values))
    row.lock(run.transaction, 'update', `a row of ${modifier.table.name}`);
  modifier.checkUnique(run, values, row);
  run.state.stored(modifier.table).write(row, run.transaction, run.command, values);
  run.state.takeId(run.transaction);
  modifier.checkReferences(run, values, old);
  modifier.rowTriggers(run, 'update', false, old, values, set);
  return { old, now: values };
}

function compileUpdate(scope: Scope, update: Update): CompiledQuery {
  const { catalog } = scope;
  const table = catalog.table(update.table);
  scope.add(update.alias, columnsOf(table.columns), table);
  const joined = joinSources(scope, update.from, update.where, true);
  const set = assignments(scope, table, update.set);
  const names = update.set.map(({ column }) => column);
  const returning = returningOf(scope, update.returning);
  return {
    columns: returning.columns,
    isVolatile: true,
    run: (env) => {
      const { run } = env;
      const modifier = Modifier.of(catalog, table);
      modifier.statementTriggers(run, 'update', true, NO_CHANGES);
      const out: (readonly Value[])[] = [];
      const changes: Written[] = [];
      for (const at of matches(env, joined)) {
        const target = lockTarget(at, joined, 'no-key-update', table.name);
        if (target === null) continue;
        const written = writeUpdate(
          run,
          modifier,
          target.row,
          target.values,
          changed(at, target.values, set),
          names,
        );
        if (written === null) continue;
        changes.push(written);
        at.rows[0] = written.now;
        if (returning.columns.length > 0) out.push(returning.of(at));
      }
      run.state.changed(run, changes.length);
      modifier.statementTriggers(run, 'update', false, {
        old: changes.flatMap(({ old }) => (old === null ? [] : [old])),
        now: changes.map(({ now }) => now),
      });
      return out;
    },
  };
}

/** All combinations that the statement's snapshot has, before anything is written. */
function matches(env: Env, joined: ReturnType<typeof joinSources>): Env[] {
  const found: Env[] = [];
  joined.each(env, (at) => {
    found.push(at.copy());
    return false;
  });
  return found;
}

/** Behind the lock the newest version counts; where it does not match any more, nothing is done to it. */
function lockTarget(
  env: Env,
  joined: ReturnType<typeof joinSources>,
  mode: 'no-key-update' | 'update',
  name: string,
): { row: Row; values: Values } | null {
  const { run } = env;
  const row = env.sources[0];
  if (row === null || row === undefined) throw new NotSupported('a target that is not stored');
  row.lock(run.transaction, mode, `a row of ${name}`);
  // A row that the statement itself has changed already is left alone.
  if ((row.pending.at(-1)?.command ?? -1) >= run.command) return null;
  const values = row.newest(run.transaction);
  if (values === null) return null;
  if (values !== env.rows[0]) {
    run.state.refuseIfRepeatable(run.transaction);
    env.rows[0] = values;
    if (!joined.holds(env)) return null;
  }
  return { row, values };
}

// DELETE -----------------------------------------------------------------------------------------------------------

function compileDelete(scope: Scope, remove: Delete): CompiledQuery {
  const { catalog } = scope;
  const table = catalog.table(remove.table);
  scope.add(remove.alias, columnsOf(table.columns), table);
  const joined = joinSources(scope, remove.from, remove.where, true);
  const returning = returningOf(scope, remove.returning);
  return {
    columns: returning.columns,
    isVolatile: true,
    run: (env) => {
      const { run } = env;
      const modifier = Modifier.of(catalog, table);
      modifier.statementTriggers(run, 'delete', true, NO_CHANGES);
      const out: (readonly Value[])[] = [];
      const gone: Values[] = [];
      for (const at of matches(env, joined)) {
        const target = lockTarget(at, joined, 'update', table.name);
        if (target === null || !deleteRow(run, modifier, run.state.stored(table), target.row, target.values))
          continue;
        gone.push(target.values);
        if (returning.columns.length > 0) out.push(returning.of(at));
      }
      run.state.changed(run, gone.length);
      modifier.statementTriggers(run, 'delete', false, { old: gone, now: [] });
      return out;
    },
  };
}
