/** Bodies of plpgsql functions: as much as the triggers of the migrations use. */
import type { Expression, Query } from './ast.ts';
import { parseExpression, parseQuery } from './parse-query.ts';
import { Reader } from './reader.ts';
import { typeName } from './types.ts';

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly value: Expression | null;
}
export type Step =
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly when: Expression; readonly steps: readonly Step[] }[];
      readonly otherwise: readonly Step[];
    }
  | {
      readonly kind: 'raise';
      readonly message: string;
      readonly values: readonly Expression[];
      readonly code: string;
      readonly detail: Expression | null;
      readonly notice: boolean;
    }
  | { readonly kind: 'for'; readonly variable: string; readonly query: Query; readonly body: readonly Step[] }
  | { readonly kind: 'select-into'; readonly query: Query; readonly into: readonly string[] }
  | { readonly kind: 'run'; readonly query: Query }
  | { readonly kind: 'perform'; readonly query: Query }
  | { readonly kind: 'assign'; readonly to: readonly string[]; readonly value: Expression }
  | { readonly kind: 'return'; readonly value: Expression | null }
  | { readonly kind: 'unknown'; readonly text: string };

export interface Procedure {
  readonly variables: readonly Variable[];
  readonly steps: readonly Step[];
}

export function parseProcedure(body: string): Procedure {
  const reader = new Reader(body);
  const variables: Variable[] = [];
  if (reader.words('declare')) {
    while (!reader.isWord('begin')) {
      const name = reader.name();
      reader.words('constant');
      const type = typeName(reader);
      const value = reader.operator(':=') || reader.operator('=') ? parseExpression(reader) : null;
      reader.expect(';');
      variables.push({ name, type, value });
    }
  }
  reader.expectWords('begin');
  return { variables, steps: steps(reader) };
}

/** Up to the word that ends the block, which it leaves. */
function steps(reader: Reader): Step[] {
  const found: Step[] = [];
  while (!['end', 'else', 'elsif', 'elseif'].some((word) => reader.isWord(word))) {
    if (reader.atEnd()) reader.fail('END');
    found.push(step(reader));
    reader.expect(';');
  }
  return found;
}

function step(reader: Reader): Step {
  if (reader.words('if')) return conditional(reader);
  if (reader.words('raise')) return raise(reader);
  if (reader.words('for')) return loop(reader);
  if (reader.words('return')) {
    return { kind: 'return', value: reader.isOperator(';') ? null : parseExpression(reader) };
  }
  if (reader.isWord('perform')) return perform(reader);
  if (reader.words('execute')) {
    const start = reader.peek().at;
    while (!reader.isOperator(';')) reader.next();
    return { kind: 'unknown', text: reader.sql.slice(start, reader.peek().at) };
  }
  if (['insert', 'update', 'delete', 'with'].some((word) => reader.isWord(word))) {
    return { kind: 'run', query: parseQuery(reader) };
  }
  if (reader.isWord('select')) return selectInto(reader);
  const to = [reader.name()];
  while (reader.operator('.')) to.push(reader.name());
  if (!reader.operator(':=')) reader.expect('=');
  return { kind: 'assign', to, value: parseExpression(reader) };
}

function conditional(reader: Reader): Step {
  const branches: { when: Expression; steps: readonly Step[] }[] = [];
  do {
    const when = parseExpression(reader);
    reader.expectWords('then');
    branches.push({ when, steps: steps(reader) });
  } while (reader.words('elsif') || reader.words('elseif'));
  const otherwise = reader.words('else') ? steps(reader) : [];
  reader.expectWords('end', 'if');
  return { kind: 'if', branches, otherwise };
}

const CONDITIONS: Readonly<Record<string, string>> = {
  check_violation: '23514',
  unique_violation: '23505',
  raise_exception: 'P0001',
  serialization_failure: '40001',
};

function raise(reader: Reader): Step {
  const notice = ['notice', 'warning', 'info', 'log', 'debug'].some((word) => reader.words(word));
  reader.words('exception');
  const message = reader.next().text;
  const values: Expression[] = [];
  while (reader.operator(',')) values.push(parseExpression(reader));
  let code = 'P0001';
  let detail: Expression | null = null;
  if (reader.words('using')) {
    reader.list(() => {
      const option = reader.name();
      if (!reader.operator('=')) reader.expect(':=');
      const value = parseExpression(reader);
      if (option === 'errcode' && value.kind === 'constant')
        code = CONDITIONS[String(value.value)] ?? String(value.value);
      if (option === 'detail') detail = value;
    });
  }
  return { kind: 'raise', message, values, code, detail, notice };
}

function loop(reader: Reader): Step {
  const variable = reader.name();
  reader.expectWords('in');
  const query = parseQuery(reader);
  reader.expectWords('loop');
  const body = steps(reader);
  reader.expectWords('end', 'loop');
  return { kind: 'for', variable, query, body };
}

/** `PERFORM x` is `SELECT x` whose answer nobody wants. */
function perform(reader: Reader): Step {
  const start = reader.next().at;
  while (!reader.isOperator(';')) reader.next();
  const inner = new Reader(`select ${reader.sql.slice(start + 'perform'.length, reader.peek().at)}`);
  return { kind: 'perform', query: parseQuery(inner) };
}

/** `SELECT … INTO a, b FROM …`: the names are taken out, and the rest is a query. */
function selectInto(reader: Reader): Step {
  const start = reader.peek().at;
  let depth = 0;
  let cut: readonly [number, number] | null = null;
  const into: string[] = [];
  while (!(reader.isOperator(';') && depth === 0)) {
    if (reader.atEnd()) reader.fail(';');
    if (reader.isOperator('(')) depth += 1;
    if (reader.isOperator(')')) depth -= 1;
    if (depth === 0 && reader.isWord('into')) {
      const from = reader.next().at;
      into.push(...reader.list(() => reader.name()));
      cut = [from, reader.peek().at];
      continue;
    }
    reader.next();
  }
  const end = reader.peek().at;
  if (cut === null) return reader.fail('INTO');
  const text = `${reader.sql.slice(start, cut[0])} ${reader.sql.slice(cut[1], end)}`;
  return { kind: 'select-into', query: parseQuery(new Reader(text)), into };
}
