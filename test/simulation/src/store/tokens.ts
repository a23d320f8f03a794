/** SQL text as tokens: just as much of PostgreSQL's lexical rules as the migrations and the store use. */

export type TokenKind = 'word' | 'quoted' | 'number' | 'text' | 'parameter' | 'operator' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Words in lower case; texts without their quotes. */
  readonly text: string;
  readonly at: number;
}

/** The simulated database met SQL that it does not know: it has to be taught, the store is not at fault. */
export class NotSupported extends TypeError {
  constructor(what: string, sql = '') {
    super(`the simulated database does not know ${what}${sql === '' ? '' : `\nin: ${sql}`}`);
    this.name = 'NotSupported';
  }
}

const OPERATOR_CHARACTERS = new Set('+-*/<>=~!@#%^&|?');

export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const skipped = skipBlank(sql, at);
    if (skipped !== at) {
      at = skipped;
      continue;
    }
    const token = tokenAt(sql, at);
    found.push(token.token);
    at = token.end;
  }
  found.push({ kind: 'end', text: '', at: sql.length });
  return found;
}

function skipBlank(sql: string, at: number): number {
  const character = sql[at] ?? '';
  if (/\s/.test(character)) return at + 1;
  if (sql.startsWith('--', at)) {
    const end = sql.indexOf('\n', at);
    return end < 0 ? sql.length : end + 1;
  }
  if (sql.startsWith('/*', at)) return sql.indexOf('*/', at) + 2;
  return at;
}

function tokenAt(sql: string, at: number): { token: Token; end: number } {
  const make = (kind: TokenKind, text: string, end: number) => ({ token: { kind, text, at }, end });
  const rest = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0] ?? '';
  };
  const character = sql[at] ?? '';
  if ((character === 'E' || character === 'e') && sql[at + 1] === "'") {
    const end = endOfText(sql, at + 1, true);
    return make('text', unescaped(sql.slice(at + 2, end - 1)), end);
  }
  if (character === "'") {
    const end = endOfText(sql, at, false);
    return make('text', sql.slice(at + 1, end - 1).replaceAll("''", "'"), end);
  }
  if (character === '"') {
    const end = sql.indexOf('"', at + 1) + 1;
    return make('quoted', sql.slice(at + 1, end - 1), end);
  }
  const parameter = rest(/\$\d+/y);
  if (parameter !== '') return make('parameter', parameter.slice(1), at + parameter.length);
  if (character === '$') {
    const mark = rest(/\$\w*\$/y);
    const end = sql.indexOf(mark, at + mark.length);
    if (mark === '' || end < 0) throw new NotSupported('a dollar here', sql.slice(at, at + 40));
    return make('text', sql.slice(at + mark.length, end), end + mark.length);
  }
  const word = rest(/[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y);
  if (word !== '') return make('word', word.toLowerCase(), at + word.length);
  const number = rest(/\d+(\.\d+)?/y);
  if (number !== '') return make('number', number, at + number.length);
  const two = sql.slice(at, at + 2);
  if (two === '::' || two === ':=' || two === '..') return make('operator', two, at + 2);
  if ('()[],;.:'.includes(character)) return make('operator', character, at + 1);
  let end = at;
  while (OPERATOR_CHARACTERS.has(sql[end] ?? '') && !sql.startsWith('--', end)) end += 1;
  if (end === at) throw new NotSupported(`the character ${character}`, sql);
  // An operator of several characters ends with a sign only where it holds one of these.
  while (end - at > 1 && /[+-]$/.test(sql.slice(at, end)) && !/[~!@#%^&|?]/.test(sql.slice(at, end)))
    end -= 1;
  return make('operator', sql.slice(at, end), end);
}

function endOfText(sql: string, from: number, escapes: boolean): number {
  let at = from + 1;
  while (at < sql.length) {
    if (escapes && sql[at] === '\\') at += 2;
    else if (sql[at] !== "'") at += 1;
    else if (sql[at + 1] === "'") at += 2;
    else return at + 1;
  }
  throw new NotSupported('a text without an end', sql);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
const unescaped = (text: string): string =>
  text.replaceAll("''", "'").replaceAll(/\\(.)/g, (_, character: string) => ESCAPES[character] ?? character);
