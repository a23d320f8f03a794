/** Adds up what a batch changes in a book, by the book's key. */
export class Sums<Key extends Record<string, string>, Column extends string> {
  readonly #sums = new Map<string, { readonly key: Key; readonly sums: Map<Column, bigint> }>();

  change(key: Key, by: Readonly<Record<Column, bigint>>): void {
    const name = Object.values(key).join('\n');
    const entry = this.#sums.get(name) ?? { key, sums: new Map<Column, bigint>() };
    this.#sums.set(name, entry);
    for (const column in by) entry.sums.set(column, (entry.sums.get(column) ?? 0n) + by[column]);
  }

  /** What is not zero, ordered by key, so that two batches lock the same rows in the same order. */
  rows(): Record<string, string>[] {
    return [...this.#sums.entries()]
      .filter(([, { sums }]) => [...sums.values()].some((sum) => sum !== 0n))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { key, sums }]) => ({
        ...key,
        ...Object.fromEntries([...sums].map(([column, sum]) => [column, sum.toString()])),
      }));
  }
}
