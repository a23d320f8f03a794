/** Stored rows with their versions, and maps over them. */
import type { LockMode } from './ast.ts';
import type { TablePlan } from './catalog.ts';
import { Blocked, conflicts, stronger, type Transaction } from './transactions.ts';
import { keyOf, type Value } from './values.ts';

export type Values = readonly Value[];

interface Version {
  /** Null: deleted. */
  readonly values: Values | null;
  /** Of its commit. */
  readonly sequence: number;
  before: Version | null;
}

export class Row {
  readonly number: number;
  committed: Version | null = null;
  /** Who has changed it and not ended yet. */
  writer: Transaction | null = null;
  readonly pending: { readonly command: number; readonly values: Values | null }[] = [];
  readonly locks = new Map<Transaction, LockMode>();

  constructor(number: number) {
    this.number = number;
  }

  /** What a statement sees: its transaction's own earlier writes, otherwise what its snapshot holds. */
  seenBy(transaction: Transaction, command: number, snapshot: number): Values | null {
    if (this.writer === transaction) {
      for (let index = this.pending.length - 1; index >= 0; index -= 1) {
        const version = this.pending[index];
        if (version !== undefined && version.command < command) return version.values;
      }
    }
    let version = this.committed;
    while (version !== null && version.sequence > snapshot) version = version.before;
    return version === null ? null : version.values;
  }

  /** The newest that this transaction may build on: its own, otherwise what is committed. */
  newest(transaction: Transaction): Values | null {
    const own = this.writer === transaction ? this.pending.at(-1) : undefined;
    return own === undefined ? (this.committed?.values ?? null) : own.values;
  }

  get isGone(): boolean {
    return this.pending.length === 0 && (this.committed?.values ?? null) === null;
  }

  /** @returns whether it was locked; null where it was not because somebody else holds it and nobody is to wait. */
  lock(transaction: Transaction, mode: LockMode, what: string, wait = true): boolean {
    const holders: Transaction[] = [];
    for (const [holder, held] of this.locks) {
      if (holder !== transaction && conflicts(held, mode)) holders.push(holder);
    }
    if (holders.length > 0) {
      if (!wait) return false;
      throw new Blocked(holders, what);
    }
    this.locks.set(transaction, stronger(mode, this.locks.get(transaction) ?? mode));
    transaction.locked.add(this);
    return true;
  }
}

/** A map from the values of some columns to the rows that have, or had, them. */
interface Index {
  readonly columns: readonly number[];
  readonly rows: Map<string, Set<Row>>;
}

export class StoredTable {
  readonly plan: TablePlan;
  readonly rows = new Set<Row>();
  readonly #indexes = new Map<string, Index>();
  #numbers = 0;
  /** The last values of its identity columns. */
  readonly sequences = new Map<number, bigint>();

  constructor(plan: TablePlan) {
    this.plan = plan;
  }

  insert(transaction: Transaction, command: number, values: Values): Row {
    this.#numbers += 1;
    const row = new Row(this.#numbers);
    this.rows.add(row);
    this.write(row, transaction, command, values);
    row.locks.set(transaction, 'update');
    transaction.locked.add(row);
    return row;
  }

  /** Adds a version that nobody else sees before the commit. Null deletes. */
  write(row: Row, transaction: Transaction, command: number, values: Values | null): void {
    row.writer = transaction;
    row.pending.push({ command, values });
    transaction.written.set(row, this);
    if (values !== null) for (const index of this.#indexes.values()) put(index, row, values);
  }

  /** Puts a row in as if it had always been there. */
  restore(values: Values): void {
    this.#numbers += 1;
    const row = new Row(this.#numbers);
    row.committed = { values, sequence: 0, before: null };
    this.rows.add(row);
  }

  /** Takes back what the statement and those inside of it wrote. */
  undo(row: Row, fromCommand: number): void {
    const undone: Values[] = [];
    while ((row.pending.at(-1)?.command ?? -1) >= fromCommand) {
      const values = row.pending.pop()?.values ?? null;
      if (values !== null) undone.push(values);
    }
    if (row.pending.length > 0) return;
    row.writer?.written.delete(row);
    row.writer = null;
    if (row.committed === null) this.#remove(row, undone);
  }

  /** @param keep whether somebody may still look at the version before. */
  commit(row: Row, sequence: number, keep: boolean): { before: Values | null; after: Values | null } {
    const before = row.committed;
    const after = row.pending.at(-1)?.values ?? null;
    row.pending.length = 0;
    row.writer = null;
    row.committed = { values: after, sequence, before: keep ? before : null };
    if (!keep) {
      if (before?.values != null) this.#forget(row, before.values, after);
      if (after === null) this.rows.delete(row);
    }
    return { before: before?.values ?? null, after };
  }

  rollback(row: Row): void {
    this.undo(row, 0);
  }

  /** Rows that were deleted while somebody could still see them. */
  sweep(): void {
    for (const row of this.rows) {
      if (row.isGone)
        this.#remove(row, row.committed?.before?.values == null ? [] : [row.committed.before.values]);
    }
  }

  #remove(row: Row, versions: readonly Values[]): void {
    this.rows.delete(row);
    for (const values of versions) this.#forget(row, values, null);
  }
  #forget(row: Row, old: Values, now: Values | null): void {
    for (const { columns, rows } of this.#indexes.values()) {
      const key = keyOf(
        columns.map((column) => old[column] ?? null),
        true,
      );
      if (
        key === null ||
        (now !== null &&
          key ===
            keyOf(
              columns.map((column) => now[column] ?? null),
              true,
            ))
      )
        continue;
      const found = rows.get(key);
      if (found?.delete(row) && found.size === 0) rows.delete(key);
    }
  }

  /** Rows that may have these values in these columns; whoever asks looks at each. */
  lookUp(columns: readonly number[], values: Values): ReadonlySet<Row> {
    const name = columns.join(',');
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = { columns, rows: new Map() };
      this.#indexes.set(name, index);
      for (const row of this.rows) {
        for (let version = row.committed; version !== null; version = version.before) {
          if (version.values !== null) put(index, row, version.values);
        }
        for (const { values: pending } of row.pending) if (pending !== null) put(index, row, pending);
      }
    }
    return index.rows.get(keyOf(values, true) ?? '') ?? NOTHING;
  }
}

const NOTHING: ReadonlySet<Row> = new Set();

function put(index: Index, row: Row, values: Values): void {
  const key =
    keyOf(
      index.columns.map((column) => values[column] ?? null),
      true,
    ) ?? '';
  const found = index.rows.get(key);
  if (found === undefined) index.rows.set(key, new Set([row]));
  else found.add(row);
}
