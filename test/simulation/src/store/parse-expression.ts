/** Expressions, by PostgreSQL's precedence of operators. */
import type { Call, Expression, Query, Sort } from './ast.ts';
import type { Reader } from './reader.ts';
import { typeName } from './types.ts';

/** The parser of queries, which knows expressions: handed in, because each needs the other. */
export type ParseQuery = (reader: Reader) => Query;

const COMPARISONS = new Set(['=', '<>', '!=', '<', '>', '<=', '>=']);
/** Words that end an expression where an alias could begin otherwise. */
const CONSTANTS: Readonly<Record<string, null | boolean>> = { null: null, true: true, false: false };
const BARE_CALLS = new Set(['current_timestamp', 'current_user', 'session_user', 'current_date']);

export class ExpressionParser {
  readonly #reader: Reader;
  readonly #query: ParseQuery;

  constructor(reader: Reader, query: ParseQuery) {
    this.#reader = reader;
    this.#query = query;
  }

  expression(): Expression {
    const of = [this.#and()];
    while (this.#reader.words('or')) of.push(this.#and());
    return one('or', of);
  }

  #and(): Expression {
    const of = [this.#not()];
    while (this.#reader.words('and')) of.push(this.#not());
    return one('and', of);
  }

  #not(): Expression {
    if (this.#reader.words('not')) return { kind: 'unary', operator: 'not', of: this.#not() };
    return this.#is();
  }

  #is(): Expression {
    const reader = this.#reader;
    let of = this.#comparison();
    while (true) {
      if (reader.words('isnull')) of = { kind: 'is', of, what: 'null', not: false };
      else if (reader.words('notnull')) of = { kind: 'is', of, what: 'null', not: true };
      else if (reader.words('is')) of = this.#isWhat(of);
      else return of;
    }
  }

  #isWhat(of: Expression): Expression {
    const reader = this.#reader;
    const not = reader.words('not');
    if (reader.words('distinct', 'from')) {
      return { kind: 'distinct', left: of, right: this.#comparison(), not };
    }
    for (const what of ['null', 'true', 'false'] as const) {
      if (reader.words(what)) return { kind: 'is', of, what, not };
    }
    return reader.fail('what it is');
  }

  #comparison(): Expression {
    const reader = this.#reader;
    let left = this.#membership();
    while (reader.peek().kind === 'operator' && COMPARISONS.has(reader.peek().text)) {
      const written = reader.next().text;
      left = this.#compared(written === '!=' ? '<>' : written, left);
    }
    return left;
  }

  #compared(operator: string, left: Expression): Expression {
    const reader = this.#reader;
    for (const [word, all] of [
      ['any', false],
      ['some', false],
      ['all', true],
    ] as const) {
      if (!reader.isWord(word) || !reader.isOperator('(', 1)) continue;
      reader.next();
      return reader.bracketed(() =>
        this.#startsQuery()
          ? { kind: 'quantified', operator, left, all, array: null, query: this.#query(reader) }
          : { kind: 'quantified', operator, left, all, array: this.expression(), query: null },
      );
    }
    return { kind: 'binary', operator, left, right: this.#membership() };
  }

  #membership(): Expression {
    const reader = this.#reader;
    const of = this.#other();
    const not =
      reader.isWord('not') && ['between', 'in', 'like', 'ilike'].some((word) => reader.isWord(word, 1));
    if (not) reader.next();
    if (reader.words('between')) {
      const low = this.#other();
      reader.expectWords('and');
      return { kind: 'between', of, low, high: this.#other(), not };
    }
    if (reader.words('in')) {
      return reader.bracketed(() =>
        this.#startsQuery()
          ? { kind: 'in-query', of, query: this.#query(reader), not }
          : { kind: 'in', of, list: reader.list(() => this.expression()), not },
      );
    }
    if (reader.words('like')) return { kind: 'like', of, pattern: this.#other(), not, ignoreCase: false };
    if (reader.words('ilike')) return { kind: 'like', of, pattern: this.#other(), not, ignoreCase: true };
    return of;
  }

  #startsQuery(): boolean {
    const isQuery = (ahead: number): boolean =>
      ['select', 'with', 'values'].some((word) => this.#reader.isWord(word, ahead));
    if (isQuery(0)) return true;
    let ahead = 0;
    while (this.#reader.isOperator('(', ahead)) ahead += 1;
    if (ahead === 0 || !isQuery(ahead)) return false;
    // Brackets around a query may be the first part of an expression: what follows them tells.
    let depth = 1;
    for (ahead = 1; depth > 0; ahead += 1) {
      if (this.#reader.isOperator('(', ahead)) depth += 1;
      if (this.#reader.isOperator(')', ahead)) depth -= 1;
    }
    return ['union', 'except', 'intersect', 'order', 'limit'].some((word) =>
      this.#reader.isWord(word, ahead),
    );
  }

  /** All operators that have no place of their own. */
  #other(): Expression {
    return this.#binary(
      () => this.#sum(),
      (text) =>
        !COMPARISONS.has(text) &&
        !['+', '-', '*', '/', '%', '^'].includes(text) &&
        /^[-+*/<>=~!@#%^&|?]+$/.test(text),
    );
  }
  #sum(): Expression {
    return this.#binary(
      () => this.#product(),
      (text) => text === '+' || text === '-',
    );
  }
  #product(): Expression {
    return this.#binary(
      () => this.#power(),
      (text) => text === '*' || text === '/' || text === '%',
    );
  }
  #power(): Expression {
    return this.#binary(
      () => this.#zoned(),
      (text) => text === '^',
    );
  }
  #binary(operand: () => Expression, isOperator: (text: string) => boolean): Expression {
    const reader = this.#reader;
    let left = operand();
    while (reader.peek().kind === 'operator' && isOperator(reader.peek().text)) {
      const operator = reader.next().text;
      left = { kind: 'binary', operator, left, right: operand() };
    }
    return left;
  }
  #zoned(): Expression {
    let of = this.#sign();
    while (this.#reader.words('at', 'time', 'zone')) of = call('at_time_zone', [of, this.#sign()]);
    return of;
  }
  #sign(): Expression {
    if (this.#reader.operator('-')) return { kind: 'unary', operator: '-', of: this.#sign() };
    if (this.#reader.operator('+')) return this.#sign();
    return this.#postfix();
  }

  #postfix(): Expression {
    const reader = this.#reader;
    let of = this.#primary();
    while (true) {
      if (reader.operator('::')) of = { kind: 'cast', of, type: typeName(reader) };
      else if (reader.operator('[')) {
        of = { kind: 'subscript', of, index: this.expression() };
        reader.expect(']');
      } else if (of.kind !== 'column' && reader.isOperator('.')) {
        reader.next();
        of = { kind: 'field', of, name: reader.name() };
      } else return of;
    }
  }

  #primary(): Expression {
    const reader = this.#reader;
    const token = reader.peek();
    if (token.kind === 'parameter') {
      reader.next();
      return { kind: 'parameter', place: Number(token.text) - 1 };
    }
    if (token.kind === 'text') {
      reader.next();
      return { kind: 'constant', type: 'unknown', value: token.text };
    }
    if (token.kind === 'number') {
      reader.next();
      return numberConstant(token.text);
    }
    if (reader.isOperator('(')) return this.#inBrackets();
    if (reader.operator('*')) return { kind: 'star', table: null };
    if (token.kind === 'quoted') return this.#named();
    if (token.kind === 'word') return this.#word(token.text);
    return reader.fail('an expression');
  }

  #inBrackets(): Expression {
    const reader = this.#reader;
    return reader.bracketed((): Expression => {
      if (this.#startsQuery()) return { kind: 'scalar', query: this.#query(reader) };
      const of = reader.list(() => this.expression());
      const [only] = of;
      return of.length === 1 && only !== undefined ? only : { kind: 'row', of };
    });
  }

  #word(word: string): Expression {
    const reader = this.#reader;
    const constant = CONSTANTS[word];
    if (constant !== undefined) {
      reader.next();
      return { kind: 'constant', type: constant === null ? 'unknown' : 'bool', value: constant };
    }
    if (word === 'case') return this.#case();
    if (word === 'not') return this.#not();
    if (word === 'exists' && reader.isOperator('(', 1)) {
      reader.next();
      return reader.bracketed((): Expression => ({ kind: 'exists', query: this.#query(reader) }));
    }
    if (word === 'array') return this.#array();
    if (word === 'row' && reader.isOperator('(', 1)) {
      reader.next();
      return { kind: 'row', of: reader.bracketed(() => reader.list(() => this.expression())) };
    }
    if (word === 'cast' && reader.isOperator('(', 1)) {
      reader.next();
      return reader.bracketed((): Expression => {
        const of = this.expression();
        reader.expectWords('as');
        return { kind: 'cast', of, type: typeName(reader) };
      });
    }
    if (word === 'extract' && reader.isOperator('(', 1)) {
      reader.next();
      return reader.bracketed((): Expression => {
        const field = reader.name();
        reader.expectWords('from');
        return call('extract', [text(field), this.expression()]);
      });
    }
    if (BARE_CALLS.has(word)) {
      reader.next();
      return call(word, []);
    }
    if (reader.peek(1).kind === 'text' && ['interval', 'timestamptz', 'date', 'timestamp'].includes(word)) {
      reader.next();
      return { kind: 'cast', of: text(reader.next().text), type: word };
    }
    return this.#named();
  }

  #array(): Expression {
    const reader = this.#reader;
    reader.expectWords('array');
    if (reader.isOperator('(')) {
      return reader.bracketed((): Expression => ({ kind: 'array-query', query: this.#query(reader) }));
    }
    reader.expect('[');
    const of = reader.isOperator(']') ? [] : reader.list(() => this.expression());
    reader.expect(']');
    return { kind: 'array', of };
  }

  #case(): Expression {
    const reader = this.#reader;
    reader.expectWords('case');
    const of = reader.isWord('when') ? null : this.expression();
    const whens: (readonly [Expression, Expression])[] = [];
    while (reader.words('when')) {
      const when = this.expression();
      reader.expectWords('then');
      whens.push([when, this.expression()]);
    }
    const otherwise = reader.words('else') ? this.expression() : null;
    reader.expectWords('end');
    return { kind: 'case', of, whens, otherwise };
  }

  /** A column, perhaps of a table, or a call, perhaps of a function in our schema. */
  #named(): Expression {
    const reader = this.#reader;
    let before: string | null = null;
    let name = reader.name();
    while (reader.isOperator('.')) {
      reader.next();
      if (reader.operator('*')) return { kind: 'star', table: name };
      before = name;
      name = reader.name();
    }
    if (reader.isOperator('(')) return this.callOf(name);
    return { kind: 'column', table: before, name };
  }

  /** The brackets of a call, and what may follow them. */
  callOf(name: string): Call {
    const reader = this.#reader;
    let star = false;
    let distinct = false;
    let args: Expression[] = [];
    let orderBy: Sort[] = [];
    reader.expect('(');
    if (reader.operator('*')) star = true;
    else if (!reader.isOperator(')')) {
      distinct = reader.words('distinct');
      reader.words('variadic');
      args = reader.list(() => this.expression());
      if (reader.words('order', 'by')) orderBy = this.sorts();
    }
    reader.expect(')');
    if (reader.words('within', 'group')) {
      orderBy = reader.bracketed(() => {
        reader.expectWords('order', 'by');
        return this.sorts();
      });
    }
    let filter: Expression | null = null;
    if (reader.isWord('filter') && reader.isOperator('(', 1)) {
      reader.next();
      filter = reader.bracketed(() => {
        reader.expectWords('where');
        return this.expression();
      });
    }
    if (reader.isWord('over')) reader.fail('no window');
    return { kind: 'call', name, args, star, distinct, orderBy, filter };
  }

  sorts(): Sort[] {
    const reader = this.#reader;
    return reader.list(() => {
      const by = this.expression();
      const descending = reader.words('desc');
      if (!descending) reader.words('asc');
      let nullsFirst = descending;
      if (reader.words('nulls', 'first')) nullsFirst = true;
      else if (reader.words('nulls', 'last')) nullsFirst = false;
      return { by, descending, nullsFirst };
    });
  }
}

const one = (kind: 'and' | 'or', of: Expression[]): Expression => {
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind, of };
};
export const text = (value: string): Expression => ({ kind: 'constant', type: 'unknown', value });
export const call = (name: string, args: Expression[]): Call => ({
  kind: 'call',
  name,
  args,
  star: false,
  distinct: false,
  orderBy: [],
  filter: null,
});

function numberConstant(written: string): Expression {
  if (written.includes('.')) return { kind: 'constant', type: 'float8', value: Number(written) };
  const value = BigInt(written);
  return value <= 2_147_483_647n
    ? { kind: 'constant', type: 'int4', value: Number(value) }
    : { kind: 'constant', type: 'int8', value };
}
