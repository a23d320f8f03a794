/** Definitions of the migrations: tables, indexes, views, functions, triggers. */
import type {
  ColumnDefinition,
  Constraint,
  Definition,
  Expression,
  FunctionDefinition,
  TableChange,
  TriggerDefinition,
  TypedName,
} from './ast.ts';
import { parseExpression, parseQuery } from './parse-query.ts';
import type { Reader } from './reader.ts';
import { typeName } from './types.ts';

export function parseDefinition(reader: Reader): Definition | null {
  if (reader.words('create')) {
    reader.words('or', 'replace');
    return create(reader);
  }
  if (reader.words('alter', 'table')) return alterTable(reader);
  if (reader.words('drop')) return drop(reader);
  if (reader.words('truncate')) {
    reader.words('table');
    const tables = reader.list(() => reader.qualified());
    const restart = reader.words('restart', 'identity');
    skipStatement(reader);
    return { kind: 'truncate', tables, restart };
  }
  if (
    ['grant', 'revoke', 'comment', 'analyze', 'alter', 'set', 'lock', 'notify', 'listen', 'unlisten'].some(
      (word) => reader.words(word),
    )
  ) {
    skipStatement(reader);
    return { kind: 'ignored' };
  }
  return null;
}

function skipStatement(reader: Reader): void {
  while (!reader.atEnd() && !reader.isOperator(';')) reader.next();
}

function create(reader: Reader): Definition {
  reader.words('unlogged');
  if (reader.words('table')) return createTable(reader);
  if (reader.words('unique', 'index')) return createIndex(reader, true);
  if (reader.words('index')) return createIndex(reader, false);
  if (reader.words('view')) {
    const name = reader.qualified();
    reader.expectWords('as');
    return { kind: 'create-view', name, query: parseQuery(reader) };
  }
  if (reader.words('function')) return createFunction(reader);
  if (reader.words('trigger')) return createTrigger(reader);
  if (reader.words('sequence')) {
    ifNotExists(reader);
    const name = reader.qualified();
    skipStatement(reader);
    return { kind: 'create-sequence', name };
  }
  if (reader.words('schema') || reader.words('extension')) {
    skipStatement(reader);
    return { kind: 'ignored' };
  }
  return reader.fail('something that can be created');
}

const ifNotExists = (reader: Reader): boolean => reader.words('if', 'not', 'exists');

function createTable(reader: Reader): Definition {
  const existing = ifNotExists(reader);
  const name = reader.qualified();
  if (reader.words('partition', 'of')) {
    const like = reader.qualified();
    skipStatement(reader);
    return { kind: 'create-table', name, ifNotExists: existing, columns: [], constraints: [], like };
  }
  const columns: ColumnDefinition[] = [];
  const constraints: Constraint[] = [];
  reader.bracketed(() =>
    reader.list(() => {
      const constraint = tableConstraint(reader);
      if (constraint === null) columns.push(column(reader));
      else constraints.push(constraint);
    }),
  );
  // Storage parameters and partitions change nothing that a query sees.
  skipStatement(reader);
  return { kind: 'create-table', name, ifNotExists: existing, columns, constraints, like: null };
}

const names = (reader: Reader): string[] => reader.bracketed(() => reader.list(() => reader.name()));

function tableConstraint(reader: Reader): Constraint | null {
  const name = reader.words('constraint') ? reader.name() : null;
  if (reader.isWord('check') && reader.isOperator('(', 1)) return check(reader, name);
  if (reader.words('primary', 'key')) {
    return { kind: 'unique', name, primary: true, columns: names(reader), nullsEqual: false };
  }
  if (reader.isWord('unique') && (reader.isOperator('(', 1) || reader.isWord('nulls', 1))) {
    reader.next();
    const nullsEqual = reader.words('nulls', 'not', 'distinct');
    return { kind: 'unique', name, primary: false, columns: names(reader), nullsEqual };
  }
  if (reader.words('foreign', 'key')) {
    const columns = names(reader);
    return reference(reader, name, columns);
  }
  return null;
}

function check(reader: Reader, name: string | null): Constraint {
  reader.expectWords('check');
  const condition = reader.bracketed(() => parseExpression(reader));
  reader.words('not', 'valid');
  return { kind: 'check', name, condition };
}

function reference(reader: Reader, name: string | null, columns: readonly string[]): Constraint {
  reader.expectWords('references');
  const table = reader.qualified();
  if (reader.isOperator('(')) names(reader);
  const cascade = reader.words('on', 'delete', 'cascade');
  reader.words('not', 'valid');
  return { kind: 'reference', name, columns, table, cascade };
}

function column(reader: Reader): ColumnDefinition {
  const name = reader.name();
  const type = typeName(reader);
  let notNull = false;
  let identity = false;
  let value: Expression | null = null;
  const constraints: Constraint[] = [];
  while (true) {
    const constraint = reader.words('constraint') ? reader.name() : null;
    if (reader.words('not', 'null')) notNull = true;
    else if (reader.words('null')) notNull = false;
    else if (reader.words('primary', 'key')) {
      notNull = true;
      constraints.push({
        kind: 'unique',
        name: constraint,
        primary: true,
        columns: [name],
        nullsEqual: false,
      });
    } else if (reader.words('unique')) {
      constraints.push({
        kind: 'unique',
        name: constraint,
        primary: false,
        columns: [name],
        nullsEqual: false,
      });
    } else if (reader.isWord('check')) constraints.push(check(reader, constraint));
    else if (reader.isWord('references')) constraints.push(reference(reader, constraint, [name]));
    else if (reader.words('default')) value = parseExpression(reader);
    else if (reader.words('generated')) {
      if (!reader.words('always')) reader.expectWords('by', 'default');
      reader.expectWords('as', 'identity');
      identity = true;
      notNull = true;
    } else return { name, type, notNull, identity, default: value, constraints };
  }
}

function alterTable(reader: Reader): Definition {
  reader.words('if', 'exists');
  reader.words('only');
  const name = reader.qualified();
  return { kind: 'alter-table', name, changes: reader.list(() => tableChange(reader)) };
}

function tableChange(reader: Reader): TableChange {
  if (reader.words('add', 'column')) {
    const existing = ifNotExists(reader);
    return { kind: 'add-column', column: column(reader), ifNotExists: existing };
  }
  if (reader.words('add')) {
    const constraint = tableConstraint(reader);
    return constraint === null ? reader.fail('a constraint') : { kind: 'add-constraint', constraint };
  }
  if (reader.words('drop', 'constraint')) {
    reader.words('if', 'exists');
    return { kind: 'drop-constraint', name: reader.name() };
  }
  if (reader.words('drop', 'column')) return { kind: 'drop-column', name: reader.name() };
  if (reader.words('alter')) {
    reader.words('column');
    const name = reader.name();
    if (reader.words('set', 'default'))
      return { kind: 'set-default', column: name, value: parseExpression(reader) };
    if (reader.words('drop', 'default')) return { kind: 'set-default', column: name, value: null };
    if (reader.words('set', 'not', 'null')) return { kind: 'set-not-null', column: name };
    if (reader.words('drop', 'not', 'null')) return { kind: 'drop-not-null', column: name };
  }
  // What is left is about storage and validation.
  while (!reader.atEnd() && !reader.isOperator(';') && !reader.isOperator(',')) reader.next();
  return { kind: 'ignored' };
}

function createIndex(reader: Reader, unique: boolean): Definition {
  reader.words('concurrently');
  ifNotExists(reader);
  const name = reader.isWord('on') ? '' : reader.qualified();
  reader.expectWords('on');
  reader.words('only');
  const table = reader.qualified();
  const method = reader.words('using') ? reader.name() : 'btree';
  if (method !== 'btree') {
    skipStatement(reader);
    return { kind: 'ignored' };
  }
  const of = reader.bracketed(() =>
    reader.list(() => {
      const expression = parseExpression(reader);
      while (!reader.isOperator(',') && !reader.isOperator(')')) reader.next();
      return expression;
    }),
  );
  if (reader.words('include')) names(reader);
  const nullsEqual = reader.words('nulls', 'not', 'distinct');
  if (reader.words('with')) names(reader);
  const where = reader.words('where') ? parseExpression(reader) : null;
  return { kind: 'create-index', name, table, unique, of, where, nullsEqual };
}

function createFunction(reader: Reader): FunctionDefinition {
  const name = reader.qualified();
  const parameters = reader.bracketed(() =>
    reader.isOperator(')') ? [] : reader.list(() => ({ name: reader.name(), type: typeName(reader) })),
  );
  let returns = 'void';
  let columns: TypedName[] = [];
  let language = '';
  let body = '';
  while (!reader.atEnd() && !reader.isOperator(';')) {
    if (reader.words('returns', 'table')) {
      returns = 'table';
      columns = reader.bracketed(() => reader.list(() => ({ name: reader.name(), type: typeName(reader) })));
    } else if (reader.words('returns')) {
      reader.words('setof');
      returns = typeName(reader);
    } else if (reader.words('language')) language = reader.name();
    else if (reader.words('as')) body = reader.next().text;
    else reader.next();
  }
  return { kind: 'create-function', name, parameters, returns, columns, language, body };
}

function createTrigger(reader: Reader): TriggerDefinition {
  const name = reader.name();
  const before = reader.words('before');
  if (!before) reader.expectWords('after');
  const events: string[] = [];
  const updateOf: string[] = [];
  do {
    events.push(reader.name());
    if (reader.words('of')) updateOf.push(...reader.list(() => reader.name()));
  } while (reader.words('or'));
  reader.expectWords('on');
  const table = reader.qualified();
  let newTable: string | null = null;
  let oldTable: string | null = null;
  if (reader.words('referencing')) {
    while (true) {
      if (reader.words('new', 'table')) {
        reader.words('as');
        newTable = reader.name();
      } else if (reader.words('old', 'table')) {
        reader.words('as');
        oldTable = reader.name();
      } else break;
    }
  }
  reader.expectWords('for');
  reader.words('each');
  const eachRow = reader.words('row');
  if (!eachRow) reader.expectWords('statement');
  const when = reader.words('when') ? reader.bracketed(() => parseExpression(reader)) : null;
  reader.expectWords('execute');
  if (!reader.words('function')) reader.expectWords('procedure');
  const called = reader.qualified();
  skipStatement(reader);
  return {
    kind: 'create-trigger',
    name,
    table,
    before,
    events,
    updateOf,
    eachRow,
    when,
    newTable,
    oldTable,
    function: called,
  };
}

function drop(reader: Reader): Definition {
  const what = reader.name();
  reader.words('if', 'exists');
  const name = reader.qualified();
  const table = reader.words('on') ? reader.qualified() : null;
  skipStatement(reader);
  return { kind: 'drop', what, name, table };
}
