/**
 * Which statements of one connection are prepared by name, so that PostgreSQL reads them once and may keep their plan.
 * Those that come again and again with little in them are: there, reading and planning take longer than doing. A statement
 * with much in it is planned for what is in it, every time.
 *
 * A plan that was kept while a table was small would walk over all of it once it is large, and the database plans anew by
 * itself only when it has taken statistics, up to minutes later. So the plans of a connection are forgotten now and then.
 */

/** A text that came so often will come again. */
const SEEN_MIN = 3;
/** The database keeps what is prepared until the connection ends. */
const NAMES_MAX = 200;
/** Texts that are counted at a time; where they differ from call to call, counting begins anew. */
const COUNTED_MAX = 1_000;
/** Characters and elements of all parameters together. */
const LITTLE = 2_000;
/** How old a plan may get. Planning everything again takes a connection some ten milliseconds. */
const PLANS_MS = 5_000;
/** The database refuses a prepared statement whose columns have changed since. */
const ALL_COLUMNS = /\b(?:select|returning)\s+(?:[\w".]+\.)?\*/i;

export class PreparedStatements {
  readonly #seen = new Map<string, number>();
  readonly #names = new Map<string, string>();
  #plannedAt = 0;

  /** Whether its plans are to be forgotten by now; says so once. */
  arePlansOld(nowMs: number): boolean {
    if (this.#names.size === 0 || nowMs - this.#plannedAt < PLANS_MS) return false;
    this.#plannedAt = nowMs;
    return true;
  }

  /** @returns the name to send it under; undefined where it is to be read and planned as it is. */
  nameOf(text: string, parameters: readonly unknown[]): string | undefined {
    if (parameters.length === 0 || sizeOf(parameters) > LITTLE) return undefined;
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const seen = (this.#seen.get(text) ?? 0) + 1;
    if (seen < SEEN_MIN || this.#names.size >= NAMES_MAX || ALL_COLUMNS.test(text)) {
      if (this.#seen.size >= COUNTED_MAX) this.#seen.clear();
      this.#seen.set(text, seen);
      return undefined;
    }
    this.#seen.delete(text);
    const name = `piculus_${this.#names.size + 1}`;
    this.#names.set(text, name);
    return name;
  }
}

function sizeOf(parameters: readonly unknown[]): number {
  let size = 0;
  for (const one of parameters) if (typeof one === 'string' || Array.isArray(one)) size += one.length;
  return size;
}
