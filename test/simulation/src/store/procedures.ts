/** Functions of the migrations, in SQL and in plpgsql, and the triggers that call them. */
import type { FunctionDefinition, TriggerDefinition } from './ast.ts';
import type { Catalog, TablePlan } from './catalog.ts';
import { compile } from './compile-expression.ts';
import { compileQuery } from './compile-query.ts';
import { coerce } from './operators.ts';
import { parseProcedure, type Step } from './parse-procedure.ts';
import { parseStatements } from './parse-statement.ts';
import type { Run } from './run.ts';
import { columnsOf, type CommonPlan, Env, type NamedType, Scope } from './scope.ts';
import { NotSupported } from './tokens.ts';
import { Composite, databaseError, type Value } from './values.ts';

type Rows = readonly (readonly Value[])[];

/** What a function of the migrations answers; compiled when it is called first, so that functions may name each other. */
export function callProcedure(
  catalog: Catalog,
  definition: FunctionDefinition,
): (env: Env, args: readonly Value[]) => Rows {
  let body: ((env: Env, args: readonly Value[]) => Rows) | null = null;
  return (env, args) => {
    body ??=
      definition.language === 'sql' ? sqlBody(catalog, definition) : procedureBody(catalog, definition);
    return body(env, args);
  };
}

function sqlBody(
  catalog: Catalog,
  definition: FunctionDefinition,
): (env: Env, args: readonly Value[]) => Rows {
  const scope = new Scope(catalog, null);
  scope.variables.push(...definition.parameters);
  const queries = parseStatements(definition.body).map((statement) => {
    if (statement.kind !== 'query') throw new NotSupported(`the function ${definition.name}`);
    return compileQuery(new Scope(catalog, scope), statement.query);
  });
  const query = queries.pop();
  if (query === undefined) throw new NotSupported(`the function ${definition.name}, which does nothing`);
  const asked =
    definition.columns.length > 0 ? definition.columns.map(({ type }) => type) : [definition.returns];
  return (env, args) => {
    const own = new Env(env.run, null);
    own.variables = [...args];
    for (const before of queries) before.run(own);
    const rows = query.run(own);
    const casts = asked.map((type, index) => ({
      from: query.columns[index]?.type ?? 'text',
      to: type ?? 'text',
    }));
    if (casts.every(({ from, to }) => from === to)) return rows;
    return rows.map((row) =>
      row.map((value, index) =>
        coerce({ type: casts[index]?.from ?? 'text', eval: () => value }, casts[index]?.to ?? 'text').eval(
          own,
        ),
      ),
    );
  };
}

function procedureBody(
  catalog: Catalog,
  definition: FunctionDefinition,
): (env: Env, args: readonly Value[]) => Rows {
  const scope = new Scope(catalog, null);
  scope.variables.push(...definition.parameters);
  const run = compileProcedure(scope, definition.body, definition.returns);
  return (env, args) => {
    const own = new Env(env.run.inner(), null);
    own.variables = [...args];
    return [[run(own)]];
  };
}

// Triggers ---------------------------------------------------------------------------------------------------------

export interface TriggerCall {
  readonly old: readonly Value[] | null;
  readonly now: readonly Value[] | null;
  readonly oldRows: Rows;
  readonly newRows: Rows;
  readonly event: string;
}
export interface CompiledTrigger {
  /** @returns the row that a trigger of a row gives back. */
  readonly run: (run: Run, call: TriggerCall) => readonly Value[] | null;
}

export function compileTrigger(
  catalog: Catalog,
  table: TablePlan,
  definition: TriggerDefinition,
): CompiledTrigger {
  const body = catalog.functions.get(definition.function);
  if (body === undefined) throw new NotSupported(`the function ${definition.function}`);
  const type = `row:${table.name}`;
  const columns = columnsOf(table.columns);
  const scope = new Scope(catalog, null);
  scope.variables.push({ name: 'new', type }, { name: 'old', type }, { name: 'tg_op', type: 'text' });
  const relation = (name: string | null): CommonPlan | null => {
    if (name === null) return null;
    const common = { name, columns };
    scope.commons.push(common);
    return common;
  };
  const [made, gone] = [relation(definition.newTable), relation(definition.oldTable)];
  const run = compileProcedure(scope, body.body, type);
  const when = definition.when === null ? null : compile(scope, definition.when);
  const row = (values: readonly Value[] | null): Value =>
    values === null ? null : new Composite(values, columns);
  return {
    run: (inner, call) => {
      if (made !== null) inner.setCommon(made, call.newRows);
      if (gone !== null) inner.setCommon(gone, call.oldRows);
      const env = new Env(inner, null);
      env.variables = [row(call.now), row(call.old), call.event.toUpperCase()];
      if (when !== null && when.eval(env) !== true) return call.now ?? call.old;
      const answer = run(env);
      return answer instanceof Composite ? answer.values : null;
    },
  };
}

// plpgsql ----------------------------------------------------------------------------------------------------------

const GOES_ON = Symbol('goes on');
type Answer = Value | typeof GOES_ON;
type Act = (env: Env) => Answer;

/** Each query inside of it sees what was written before, as a statement of its own does. */
function compileProcedure(scope: Scope, text: string, returns: string): (env: Env) => Value {
  const procedure = parseProcedure(text);
  scope.variables.push({ name: 'found', type: 'bool' });
  const found = scope.variables.length - 1;
  const starts = procedure.variables.map(({ name, type, value }) => {
    const start = value === null ? null : coerce(compile(scope, value), type);
    scope.variables.push({ name, type });
    return start;
  });
  const compiler = new StepCompiler(scope, returns, found);
  const act = compiler.all(procedure.steps);
  return (env) => {
    env.variables.push(false);
    for (const start of starts) env.variables.push(start === null ? null : start.eval(env));
    const answer = act(env);
    return answer === GOES_ON ? null : answer;
  };
}

class StepCompiler {
  readonly #scope: Scope;
  readonly #returns: string;
  readonly #found: number;

  constructor(scope: Scope, returns: string, found: number) {
    this.#scope = scope;
    this.#returns = returns;
    this.#found = found;
  }

  all(steps: readonly Step[]): Act {
    const acts = steps.map((step) => this.one(step));
    return (env) => {
      for (const act of acts) {
        const answer = act(env);
        if (answer !== GOES_ON) return answer;
      }
      return GOES_ON;
    };
  }

  one(step: Step): Act {
    switch (step.kind) {
      case 'if': {
        const branches = step.branches.map(({ when, steps }) => ({
          when: this.#expression(when),
          act: this.all(steps),
        }));
        const otherwise = this.all(step.otherwise);
        return (env) => {
          for (const { when, act } of branches) if (when(env) === true) return act(env);
          return otherwise(env);
        };
      }
      case 'raise':
        return this.#raise(step);
      case 'for':
        return this.#loop(step);
      case 'select-into':
        return this.#into(step);
      case 'run':
      case 'perform': {
        const query = this.#query(step.query);
        return (env) => {
          env.variables[this.#found] = query.run(inside(env)).length > 0;
          return GOES_ON;
        };
      }
      case 'assign':
        return this.#assign(step);
      case 'return': {
        const value = step.value === null ? null : this.#expression(step.value, this.#returns);
        return (env) => (value === null ? null : value(env));
      }
      case 'unknown':
        throw new NotSupported(`EXECUTE ${step.text}`);
    }
  }

  #expression(of: Parameters<typeof compile>[1], type?: string): (env: Env) => Value {
    const compiled = compile(this.#scope, of);
    const typed =
      type === undefined || type === 'void' || type === 'trigger' ? compiled : coerce(compiled, type);
    return (env) => typed.eval(inside(env));
  }
  #query(query: Parameters<typeof compileQuery>[1]) {
    return compileQuery(new Scope(this.#scope.catalog, this.#scope), query);
  }
  #variable(name: string): number {
    const place = this.#scope.variables.findIndex((variable) => variable.name === name);
    if (place < 0) throw new NotSupported(`the variable ${name}`);
    return place;
  }

  #raise(step: Extract<Step, { kind: 'raise' }>): Act {
    const values = step.values.map((value) => this.#expression(value));
    const detail = step.detail === null ? null : this.#expression(step.detail, 'text');
    return (env) => {
      if (step.notice) return GOES_ON;
      let next = 0;
      const message = step.message.replaceAll('%', () => String(values[next++]?.(env) ?? ''));
      throw databaseError(step.code, message, detail === null ? {} : { detail: String(detail(env)) });
    };
  }

  #loop(step: Extract<Step, { kind: 'for' }>): Act {
    const query = this.#query(step.query);
    const place = this.#variable(step.variable);
    const body = this.all(step.body);
    this.#know(place, query.columns);
    return (env) => {
      for (const row of query.run(inside(env))) {
        env.variables[place] = new Composite(row, query.columns);
        const answer = body(env);
        if (answer !== GOES_ON) return answer;
      }
      return GOES_ON;
    };
  }

  /** What a record holds is known only here; fields of it are looked up by name when they are asked for. */
  #know(place: number, columns: readonly NamedType[]): void {
    const variable = this.#scope.variables[place];
    if (variable === undefined || columns.length === 0) throw new NotSupported('a loop over nothing');
  }

  #into(step: Extract<Step, { kind: 'select-into' }>): Act {
    const query = this.#query(step.query);
    const places = step.into.map((name) => this.#variable(name));
    const types = places.map((place) => this.#scope.variables[place]?.type ?? 'text');
    return (env) => {
      const [row] = query.run(inside(env), 1);
      env.variables[this.#found] = row !== undefined;
      for (const [index, place] of places.entries()) {
        const type = types[index] ?? 'text';
        const whole = type === 'record' || type.startsWith('row:');
        env.variables[place] =
          row === undefined ? null : whole ? new Composite(row, query.columns) : (row[index] ?? null);
      }
      return GOES_ON;
    };
  }

  #assign(step: Extract<Step, { kind: 'assign' }>): Act {
    const [name = '', field] = step.to;
    const place = this.#variable(name);
    const type = this.#scope.variables[place]?.type ?? 'text';
    if (field === undefined) {
      const value = this.#expression(step.value, type);
      return (env) => {
        env.variables[place] = value(env);
        return GOES_ON;
      };
    }
    const table = this.#scope.catalog.table(type.slice('row:'.length));
    const column = table.place(field);
    const value = this.#expression(step.value, table.columns[column]?.type ?? 'text');
    return (env) => {
      const row = env.variables[place];
      if (row instanceof Composite) {
        const values = [...row.values];
        values[column] = value(env);
        env.variables[place] = new Composite(values, row.columns);
      }
      return GOES_ON;
    };
  }
}

/** The variables of the function, under a statement that begins now. */
function inside(env: Env): Env {
  const own = new Env(env.run.innerKeeping(), env.up);
  own.variables = env.variables;
  return own;
}
