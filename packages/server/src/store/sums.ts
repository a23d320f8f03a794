/** Adds up what a batch changes in a book, by the book's key. Called several times for each problem of a batch. */
export class Sums {
  readonly #keyColumns: readonly string[];
  readonly #sumColumns: readonly string[];
  readonly #sums = new Map<string, { readonly key: readonly string[]; readonly sums: bigint[] }>();

  constructor(keyColumns: readonly string[], sumColumns: readonly string[]) {
    this.#keyColumns = keyColumns;
    this.#sumColumns = sumColumns;
  }

  /** @param key and by one for each column, in the order of the columns. */
  change(key: readonly string[], by: readonly bigint[]): void {
    const name = key.join('\n');
    const known = this.#sums.get(name);
    if (known === undefined) {
      this.#sums.set(name, { key, sums: [...by] });
      return;
    }
    const { sums } = known;
    for (let at = 0; at < sums.length; at += 1) sums[at] = (sums[at] ?? 0n) + (by[at] ?? 0n);
  }

  /** What is not zero, ordered by key, so that two batches lock the same rows in the same order. */
  rows(): Record<string, string>[] {
    return [...this.#sums.entries()]
      .filter(([, { sums }]) => sums.some((sum) => sum !== 0n))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { key, sums }]) => ({
        ...named(this.#keyColumns, key),
        ...named(this.#sumColumns, sums.map(String)),
      }));
  }
}

function named(columns: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(columns.map((column, at) => [column, values[at] ?? '']));
}
