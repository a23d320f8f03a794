/** A cursor over the tokens of one text. */
import { NotSupported, type Token, tokens } from './tokens.ts';

export class Reader {
  readonly sql: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(sql: string) {
    this.sql = sql;
    this.#tokens = tokens(sql);
  }

  peek(ahead = 0): Token {
    const last = this.#tokens.length - 1;
    const token = this.#tokens[Math.min(this.#at + ahead, last)];
    if (token === undefined) throw new NotSupported('an empty text');
    return token;
  }
  next(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }
  /** Where the cursor is, to come back to. */
  mark(): number {
    return this.#at;
  }
  reset(mark: number): void {
    this.#at = mark;
  }
  atEnd(): boolean {
    return this.peek().kind === 'end';
  }

  /** Whether the next words are these; `ahead` tokens further on. */
  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'word' && token.text === word;
  }
  isOperator(operator: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'operator' && token.text === operator;
  }
  /** Takes all of the words, or none. */
  words(...words: readonly string[]): boolean {
    if (!words.every((word, index) => this.isWord(word, index))) return false;
    this.#at += words.length;
    return true;
  }
  operator(operator: string): boolean {
    if (!this.isOperator(operator)) return false;
    this.#at += 1;
    return true;
  }
  expectWords(...words: readonly string[]): void {
    if (!this.words(...words)) this.fail(words.join(' ').toUpperCase());
  }
  expect(operator: string): void {
    if (!this.operator(operator)) this.fail(operator);
  }
  name(): string {
    const token = this.next();
    if (token.kind !== 'word' && token.kind !== 'quoted') this.fail('a name');
    return token.text;
  }
  /** A name with its schema left out: there is one schema. */
  qualified(): string {
    let name = this.name();
    while (this.operator('.')) name = this.name();
    return name;
  }
  list<T>(one: () => T): T[] {
    const found = [one()];
    while (this.operator(',')) found.push(one());
    return found;
  }
  bracketed<T>(one: () => T): T {
    this.expect('(');
    const found = one();
    this.expect(')');
    return found;
  }
  fail(expected: string): never {
    const token = this.peek();
    throw new NotSupported(
      `"${token.text}" here, where it expects ${expected}: …${this.sql.slice(Math.max(0, token.at - 60), token.at + 40)}…`,
    );
  }
}
