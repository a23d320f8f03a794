/** One text with one statement, or with several. */
import type { Control, Statement } from './ast.ts';
import { parseDefinition } from './parse-definition.ts';
import { parseQuery } from './parse-query.ts';
import { Reader } from './reader.ts';

export function parseStatements(sql: string): Statement[] {
  const reader = new Reader(sql);
  const found: Statement[] = [];
  while (!reader.atEnd()) {
    if (reader.operator(';')) continue;
    found.push(statement(reader));
    if (!reader.atEnd()) reader.expect(';');
  }
  return found;
}

function statement(reader: Reader): Statement {
  const control = controlOf(reader);
  if (control !== null) return { kind: 'control', control };
  const definition = parseDefinition(reader);
  if (definition !== null) return { kind: 'define', definition };
  return { kind: 'query', query: parseQuery(reader) };
}

function controlOf(reader: Reader): Control | null {
  if (reader.words('commit')) return { kind: 'commit' };
  if (reader.words('rollback')) return { kind: 'rollback' };
  if (!reader.words('begin') && !reader.words('start', 'transaction')) return null;
  let isolation: string | null = null;
  while (!reader.atEnd()) {
    if (reader.words('isolation', 'level')) isolation = `${reader.name()} ${reader.name()}`;
    else reader.next();
  }
  return { kind: 'begin', isolation };
}
