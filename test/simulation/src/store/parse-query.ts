/** Queries and modifications of rows. */
import type {
  Assignment,
  Call,
  Common,
  Conflict,
  Expression,
  FunctionSource,
  Join,
  Locking,
  LockMode,
  Modification,
  Output,
  Query,
  QueryBody,
  Select,
  Source,
  TypedName,
} from './ast.ts';
import { ExpressionParser } from './parse-expression.ts';
import type { Reader } from './reader.ts';
import { typeName } from './types.ts';

/** Words that cannot be an alias without AS. */
const RESERVED = new Set(
  'from where group having order limit offset fetch for union except intersect on using join inner left right full cross natural lateral set returning and or not as when then else end do conflict values select window with loop into default'.split(
    ' ',
  ),
);

const expressions = (reader: Reader): ExpressionParser => new ExpressionParser(reader, parseQuery);
export const parseExpression = (reader: Reader): Expression => expressions(reader).expression();

export function parseQuery(reader: Reader): Query {
  const common = commons(reader);
  const modification = parseModification(reader);
  if (modification !== null) return { ...NOTHING_MORE, with: common, body: modification };
  const body = unions(reader);
  return { with: common, body, ...tail(reader) };
}

const NOTHING_MORE = { orderBy: [], limit: null, offset: null, locking: null };

function commons(reader: Reader): Common[] {
  if (!reader.words('with')) return [];
  if (reader.isWord('recursive')) reader.fail('no recursion');
  return reader.list(() => {
    const name = reader.name();
    reader.expectWords('as');
    reader.words('not');
    reader.words('materialized');
    return { name, query: reader.bracketed(() => parseQuery(reader)) };
  });
}

function tail(reader: Reader): Omit<Query, 'with' | 'body'> {
  const orderBy = reader.words('order', 'by') ? expressions(reader).sorts() : [];
  let limit: Expression | null = null;
  let offset: Expression | null = null;
  while (true) {
    if (reader.words('limit')) limit = parseExpression(reader);
    else if (reader.words('offset')) offset = parseExpression(reader);
    else break;
  }
  return { orderBy, limit, offset, locking: reader.words('for') ? locking(reader) : null };
}

function locking(reader: Reader): Locking {
  let mode: LockMode;
  if (reader.words('no', 'key', 'update')) mode = 'no-key-update';
  else if (reader.words('key', 'share')) mode = 'key-share';
  else if (reader.words('update')) mode = 'update';
  else if (reader.words('share')) mode = 'share';
  else return reader.fail('a lock');
  const of = reader.words('of') ? reader.list(() => reader.name()) : [];
  const skipLocked = reader.words('skip', 'locked');
  return { mode, of, skipLocked, noWait: reader.words('nowait') };
}

function unions(reader: Reader): QueryBody {
  let left = single(reader);
  while (true) {
    const operator = (['union', 'except', 'intersect'] as const).find((word) => reader.words(word));
    if (operator === undefined) return left;
    left = { kind: 'union', operator, all: reader.words('all'), left, right: single(reader) };
  }
}

function single(reader: Reader): QueryBody {
  if (reader.isOperator('(')) {
    return reader.bracketed((): QueryBody => ({ kind: 'nested', query: parseQuery(reader) }));
  }
  if (reader.words('values')) {
    return {
      kind: 'values',
      rows: reader.list(() => reader.bracketed(() => reader.list(() => parseExpression(reader)))),
    };
  }
  reader.expectWords('select');
  return select(reader);
}

function select(reader: Reader): Select {
  const distinct = reader.words('distinct');
  if (distinct && reader.isWord('on')) reader.fail('no DISTINCT ON');
  reader.words('all');
  const ends = ['from', 'where', 'group', 'order', 'limit', 'union', 'except', 'for'];
  const empty =
    reader.atEnd() ||
    reader.isOperator(')') ||
    reader.isOperator(';') ||
    ends.some((word) => reader.isWord(word));
  const outputs = empty ? [] : outputsOf(reader);
  const from = reader.words('from') ? joins(reader) : [];
  const where = reader.words('where') ? parseExpression(reader) : null;
  let groupBy: Expression[] = [];
  let groupingSets: Expression[][] | null = null;
  if (reader.words('group', 'by')) {
    if (reader.words('grouping', 'sets')) {
      groupingSets = reader.bracketed(() =>
        reader.list(() =>
          reader.bracketed(() => (reader.isOperator(')') ? [] : reader.list(() => parseExpression(reader)))),
        ),
      );
    } else groupBy = reader.list(() => parseExpression(reader));
  }
  const having = reader.words('having') ? parseExpression(reader) : null;
  return { kind: 'select', distinct, outputs, from, where, groupBy, groupingSets, having };
}

function outputsOf(reader: Reader): Output[] {
  return reader.list(() => {
    const of = parseExpression(reader);
    return { of, alias: reader.words('as') ? reader.name() : optionalAlias(reader) };
  });
}

function optionalAlias(reader: Reader): string | null {
  const { kind, text } = reader.peek();
  if (kind === 'quoted' || (kind === 'word' && !RESERVED.has(text))) return reader.next().text;
  return null;
}

function joins(reader: Reader): Join[] {
  const found: Join[] = [{ source: source(reader), left: false, on: null, using: [] }];
  while (true) {
    if (reader.operator(',') || reader.words('cross', 'join')) {
      found.push({ source: source(reader), left: false, on: null, using: [] });
      continue;
    }
    const left = reader.words('left');
    if (left) reader.words('outer');
    else reader.words('inner');
    if (!reader.words('join')) return left ? reader.fail('JOIN') : found;
    const joined = source(reader);
    if (reader.words('using')) {
      found.push({
        source: joined,
        left,
        on: null,
        using: reader.bracketed(() => reader.list(() => reader.name())),
      });
    } else {
      reader.expectWords('on');
      found.push({ source: joined, left, on: parseExpression(reader), using: [] });
    }
  }
}

function source(reader: Reader): Source {
  reader.words('lateral');
  if (reader.isOperator('(')) {
    const query = reader.bracketed(() => parseQuery(reader));
    const { alias, columns } = aliasOf(reader, '');
    return { kind: 'query', query, alias, columns };
  }
  if (reader.words('rows', 'from')) {
    const calls = reader.bracketed(() =>
      reader.list((): FunctionSource => {
        const call = callOf(reader);
        return { call, columns: reader.words('as') ? typedNames(reader) : [] };
      }),
    );
    return functionSource(reader, calls);
  }
  const name = reader.qualified();
  if (reader.isOperator('('))
    return functionSource(reader, [{ call: expressions(reader).callOf(name), columns: [] }]);
  return { kind: 'table', name, alias: aliasOf(reader, name).alias };
}

function callOf(reader: Reader): Call {
  return expressions(reader).callOf(reader.qualified());
}

function functionSource(reader: Reader, calls: readonly FunctionSource[]): Source {
  const ordinality = reader.words('with', 'ordinality');
  const { alias, columns } = aliasOf(reader, calls[0]?.call.name ?? '');
  return { kind: 'function', calls, ordinality, alias, columns };
}

function aliasOf(reader: Reader, otherwise: string): { alias: string; columns: TypedName[] } {
  const alias = reader.words('as')
    ? reader.isOperator('(')
      ? otherwise
      : reader.name()
    : (optionalAlias(reader) ?? otherwise);
  return { alias, columns: reader.isOperator('(') ? typedNames(reader) : [] };
}

const typedNames = (reader: Reader): TypedName[] =>
  reader.bracketed(() =>
    reader.list(() => {
      const name = reader.name();
      return { name, type: reader.isOperator(',') || reader.isOperator(')') ? null : typeName(reader) };
    }),
  );

export function parseModification(reader: Reader): Modification | null {
  if (reader.words('insert', 'into')) return insert(reader);
  if (reader.isWord('update')) {
    reader.next();
    return update(reader);
  }
  if (reader.words('delete', 'from')) {
    const table = reader.qualified();
    const alias = reader.words('as') ? reader.name() : (optionalAlias(reader) ?? table);
    const from = reader.words('using') ? joins(reader) : [];
    const where = reader.words('where') ? parseExpression(reader) : null;
    return { kind: 'delete', table, alias, from, where, returning: returning(reader) };
  }
  return null;
}

const returning = (reader: Reader): Output[] => (reader.words('returning') ? outputsOf(reader) : []);

function insert(reader: Reader): Modification {
  const table = reader.qualified();
  const alias = reader.words('as') ? reader.name() : table;
  const columns = reader.isOperator('(') ? reader.bracketed(() => reader.list(() => reader.name())) : [];
  reader.words('overriding', 'system', 'value');
  const query = reader.words('default', 'values') ? null : parseQuery(reader);
  const conflict = reader.words('on', 'conflict') ? conflictOf(reader) : null;
  return { kind: 'insert', table, alias, columns, query, conflict, returning: returning(reader) };
}

function conflictOf(reader: Reader): Conflict {
  let target: Expression[] = [];
  let where: Expression | null = null;
  if (reader.isOperator('(')) {
    target = reader.bracketed(() => reader.list(() => parseExpression(reader)));
    if (reader.words('where')) where = parseExpression(reader);
  }
  reader.expectWords('do');
  if (reader.words('nothing')) return { target, where, set: null, setWhere: null };
  reader.expectWords('update', 'set');
  const set = assignments(reader);
  return { target, where, set, setWhere: reader.words('where') ? parseExpression(reader) : null };
}

function update(reader: Reader): Modification {
  const table = reader.qualified();
  const alias = reader.words('as')
    ? reader.name()
    : reader.isWord('set')
      ? table
      : (optionalAlias(reader) ?? table);
  reader.expectWords('set');
  const set = assignments(reader);
  const from = reader.words('from') ? joins(reader) : [];
  const where = reader.words('where') ? parseExpression(reader) : null;
  return { kind: 'update', table, alias, set, from, where, returning: returning(reader) };
}

function assignments(reader: Reader): Assignment[] {
  return reader
    .list((): Assignment[] => {
      if (!reader.isOperator('(')) {
        const column = reader.name();
        reader.expect('=');
        return [{ column, value: reader.words('default') ? null : parseExpression(reader) }];
      }
      const columns = reader.bracketed(() => reader.list(() => reader.name()));
      reader.expect('=');
      const row = parseExpression(reader);
      if (row.kind !== 'row' || row.of.length !== columns.length)
        return reader.fail('a row of as many values');
      return columns.map((column, index) => ({ column, value: row.of[index] ?? null }));
    })
    .flat();
}
