/**
 * A small PostgreSQL in memory: it runs the production's own SQL, one statement after the other, with row versions,
 * locks and waits as READ COMMITTED has them. Nothing in it happens by itself: its callers say when.
 */
import type { Definition } from './ast.ts';
import type { Catalog, TablePlan } from './catalog.ts';
import type { CompiledQuery } from './compile-query.ts';
import { plansOf } from './plans.ts';
import { StoredTable, type Values } from './rows.ts';
import { Drawn, Run } from './run.ts';
import { Env } from './scope.ts';
import { Blocked, Transaction } from './transactions.ts';
import { type Answer, asRecord, type Beginning, type Change, recordOf } from './records.ts';
import { databaseError } from './values.ts';

export { type Answer, asRecord, type Beginning, type Change } from './records.ts';

/** A statement that waits for locks. */
interface Waiter {
  readonly transaction: Transaction;
  holders: ReadonlySet<Transaction>;
  what: string;
  readonly again: () => void;
  readonly fail: (error: Error) => void;
}

export class EngineState {
  readonly catalog: Catalog;
  readonly #now: () => number;
  readonly #tables = new Map<TablePlan, StoredTable>();
  readonly #advisory = new Map<string, Transaction>();
  readonly #sequences = new Map<string, bigint>();
  readonly #open = new Set<Transaction>();
  #waiters: Waiter[] = [];
  #ended: Transaction[] = [];
  #isWaking = false;
  #commits = 0;
  #numbers = 0;
  #nextId = 1000n;
  #hasGraves = false;
  #affected = 0;
  onCommit: ((changes: readonly Change[]) => void) | null = null;

  constructor(catalog: Catalog, now: () => number) {
    this.catalog = catalog;
    this.#now = now;
  }

  // For statements while they run ------------------------------------------------------------------------------------

  stored(plan: TablePlan): StoredTable {
    let table = this.#tables.get(plan);
    if (table === undefined) {
      table = new StoredTable(plan);
      this.#tables.set(plan, table);
    }
    return table;
  }
  nowUs(): number {
    return Math.floor(this.#now() * 1000);
  }
  nextValue(sequence: string): bigint {
    const value = (this.#sequences.get(sequence) ?? 0n) + 1n;
    this.#sequences.set(sequence, value);
    return value;
  }
  nextIdentity(table: TablePlan, place: number): bigint {
    const { sequences } = this.stored(table);
    const value = (sequences.get(place) ?? 0n) + 1n;
    sequences.set(place, value);
    return value;
  }
  /** The last value of every sequence, those of identity columns too, by PostgreSQL's name for it. */
  sequences(): Map<string, bigint> {
    const given = new Map(this.#sequences);
    for (const { plan, place, name } of this.#identities())
      given.set(name, this.stored(plan).sequences.get(place) ?? 0n);
    return given;
  }
  setSequences(given: ReadonlyMap<string, bigint>): void {
    const identities = new Map(this.#identities().map((one) => [one.name, one]));
    for (const [name, value] of given) {
      const { plan, place } = identities.get(name) ?? { plan: null, place: 0 };
      if (plan === null) this.#sequences.set(name, value);
      else this.stored(plan).sequences.set(place, value);
    }
  }
  #identities(): { plan: TablePlan; place: number; name: string }[] {
    return [...this.catalog.tables.values()].flatMap((plan) =>
      plan.columns.flatMap(({ name, identity }, place) =>
        identity ? [{ plan, place, name: `${plan.name}_${name}_seq` }] : [],
      ),
    );
  }
  takeId(transaction: Transaction): bigint {
    if (transaction.id === null) {
      transaction.id = this.#nextId;
      this.#nextId += 1n;
    }
    return transaction.id;
  }
  idOf(transaction: Transaction): bigint {
    return this.takeId(transaction);
  }
  /** Of all transactions that have one and go on; where there are none, the next one to be given. */
  oldestId(): bigint {
    let oldest = this.#nextId;
    for (const { id } of this.#open) if (id !== null && id < oldest) oldest = id;
    return oldest;
  }
  lockAdvisory(transaction: Transaction, key: string): void {
    const holder = this.#advisory.get(key);
    if (holder !== undefined && holder !== transaction)
      throw new Blocked([holder], `the advisory lock ${key}`);
    this.#advisory.set(key, transaction);
    transaction.advisory.add(key);
  }
  snapshotOf(transaction: Transaction): number {
    if (transaction.isolation === 'read committed') return this.#commits;
    transaction.snapshot ??= this.#commits;
    return transaction.snapshot;
  }
  refuseIfRepeatable({ isolation }: Transaction): void {
    if (isolation === 'read committed') return;
    throw databaseError('40001', 'could not serialize access due to concurrent update');
  }
  changed(_run: Run, rows: number): void {
    this.#affected = rows;
  }

  // Transactions -----------------------------------------------------------------------------------------------------

  begin(label: string, isolation: Transaction['isolation']): Transaction {
    this.#numbers += 1;
    const transaction = new Transaction(this.#numbers, label, isolation);
    this.#open.add(transaction);
    return transaction;
  }

  commit(transaction: Transaction): void {
    if (transaction.ended) return;
    if (transaction.failed) {
      this.rollback(transaction);
      return;
    }
    const keep = this.#someoneLooksBack(transaction);
    if (transaction.written.size > 0) this.#commits += 1;
    const changes: Change[] = [];
    for (const [row, table] of transaction.written) {
      const { before, after } = table.commit(row, this.#commits, keep);
      if (keep && after === null) this.#hasGraves = true;
      if (this.onCommit !== null && (before !== null || after !== null)) {
        changes.push({
          table: table.plan.name,
          before: asRecord(table.plan, before),
          after: asRecord(table.plan, after),
        });
      }
    }
    transaction.written.clear();
    if (!keep && this.#hasGraves) {
      for (const table of this.#tables.values()) table.sweep();
      this.#hasGraves = false;
    }
    if (changes.length > 0) this.onCommit?.(changes);
    this.#end(transaction);
  }

  rollback(transaction: Transaction): void {
    if (transaction.ended) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.transaction !== transaction);
    for (const [row, table] of [...transaction.written]) table.rollback(row);
    transaction.written.clear();
    this.#end(transaction);
  }

  /** Versions of before are kept while a statement waits, or a repeatable read goes on. */
  #someoneLooksBack(transaction: Transaction): boolean {
    if (this.#waiters.length > 0) return true;
    for (const other of this.#open) if (other !== transaction && other.snapshot !== null) return true;
    return false;
  }

  #end(transaction: Transaction): void {
    transaction.ended = true;
    this.#open.delete(transaction);
    for (const row of transaction.locked) row.locks.delete(transaction);
    transaction.locked.clear();
    for (const key of transaction.advisory) this.#advisory.delete(key);
    this.#ended.push(transaction);
    this.#wake();
  }

  /** Those that waited for what has ended go on, in the order in which they began to wait. */
  #wake(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    try {
      for (let ended = this.#ended.shift(); ended !== undefined; ended = this.#ended.shift()) {
        for (const waiter of [...this.#waiters]) {
          if (!waiter.holders.has(ended) || !this.#waiters.includes(waiter)) continue;
          waiter.again();
        }
      }
    } finally {
      this.#isWaking = false;
    }
  }

  // Statements -------------------------------------------------------------------------------------------------------

  /**
   * Runs one query in a transaction. It may have to wait for others: `done` or `fail` is called at once or later.
   * @returns takes a waiting statement away, as a time-out does.
   */
  perform(given: {
    transaction: Transaction;
    query: CompiledQuery;
    command: Answer['command'];
    parameters: readonly unknown[];
    done: (answer: Answer) => void;
    fail: (error: unknown) => void;
  }): (error: Error) => void {
    const { transaction, query, command, parameters, done, fail } = given;
    transaction.commands += 1;
    const number = transaction.commands;
    const snapshot = this.snapshotOf(transaction);
    const drawn = new Drawn();
    let waiter: Waiter | null = null;
    const leave = (): void => {
      if (waiter !== null) this.#waiters = this.#waiters.filter((other) => other !== waiter);
      waiter = null;
    };
    const attempt = (): void => {
      drawn.again();
      try {
        const run = new Run({ state: this, transaction, command: number, snapshot, parameters, drawn });
        this.#affected = 0;
        const rows = query.run(new Env(run, null));
        const rowCount = command === 'SELECT' ? rows.length : this.#affected;
        leave();
        done({ command, rowCount, rows: rows.map((row) => recordOf(query.columns, row)) });
      } catch (error) {
        if (!(error instanceof Blocked)) {
          leave();
          fail(error);
          return;
        }
        this.#undo(transaction, number);
        waiter = this.#await(waiter, {
          transaction,
          blocked: error,
          again: attempt,
          fail: (reason) => {
            leave();
            fail(reason);
          },
        });
      }
    };
    attempt();
    return (error) => {
      if (waiter === null) return;
      leave();
      fail(error);
    };
  }

  #undo(transaction: Transaction, command: number): void {
    for (const [row, table] of [...transaction.written]) {
      if ((row.pending.at(-1)?.command ?? -1) >= command) table.undo(row, command);
    }
  }

  #await(
    known: Waiter | null,
    {
      transaction,
      blocked,
      again,
      fail,
    }: { transaction: Transaction; blocked: Blocked; again: () => void; fail: (error: Error) => void },
  ): Waiter | null {
    const holders = new Set(blocked.holders);
    if (this.#closesCircle(transaction, holders)) {
      fail(databaseError('40P01', 'deadlock detected'));
      return null;
    }
    if (known !== null && this.#waiters.includes(known)) {
      known.holders = holders;
      known.what = blocked.what;
      return known;
    }
    const waiter: Waiter = { transaction, holders, what: blocked.what, again, fail };
    this.#waiters.push(waiter);
    return waiter;
  }

  #closesCircle(start: Transaction, holders: ReadonlySet<Transaction>): boolean {
    const seen = new Set<Transaction>();
    const reaches = (from: Iterable<Transaction>): boolean => {
      for (const holder of from) {
        if (holder === start) return true;
        if (seen.has(holder)) continue;
        seen.add(holder);
        for (const waiter of this.#waiters)
          if (waiter.transaction === holder && reaches(waiter.holders)) return true;
      }
      return false;
    };
    return reaches(holders);
  }

  /** Empties tables at once, for whoever knows that nobody else is there. */
  define(definition: Definition): void {
    if (definition.kind !== 'truncate') {
      this.catalog.define(definition);
      return;
    }
    for (const name of definition.tables) {
      const plan = this.catalog.table(name);
      const { sequences } = this.stored(plan);
      const emptied = new StoredTable(plan);
      if (!definition.restart) for (const [place, value] of sequences) emptied.sequences.set(place, value);
      this.#tables.set(plan, emptied);
    }
  }

  /** All rows and sequences, for another database of the same catalog to begin with. */
  beginning(): Beginning {
    return [...this.#tables.values()].map((table) => ({
      plan: table.plan,
      rows: this.committed(table.plan),
      sequences: [...table.sequences],
    }));
  }
  beginWith(beginning: Beginning): void {
    for (const { plan, rows, sequences } of beginning) {
      const table = this.stored(plan);
      for (const values of rows) table.restore(values);
      for (const [place, value] of sequences) table.sequences.set(place, value);
    }
  }

  /** Runs a text of statements at once, as the only one: for migrations and for the beginning of a world. */
  execute(sql: string, parameters: readonly unknown[] = []): Record<string, unknown>[] {
    let rows: Record<string, unknown>[] = [];
    for (const plan of plansOf(this.catalog, sql)) {
      if (plan.kind === 'define') this.define(plan.definition);
      if (plan.kind !== 'query') continue;
      const transaction = this.begin('execute', 'read committed');
      let failure: unknown = new Error('it would have to wait');
      this.perform({
        transaction,
        query: plan.query,
        command: plan.command,
        parameters,
        done: (answer) => {
          rows = answer.rows;
          failure = null;
          this.commit(transaction);
        },
        fail: (error) => {
          failure = error;
        },
      });
      if (failure !== null) {
        this.rollback(transaction);
        throw failure;
      }
    }
    return rows;
  }

  // For whoever looks on ---------------------------------------------------------------------------------------------

  committed(table: TablePlan): Values[] {
    const found: Values[] = [];
    for (const row of this.stored(table).rows) {
      const values = row.committed?.values ?? null;
      if (values !== null) found.push(values);
    }
    return found;
  }

  transactions(): {
    readonly label: string;
    readonly number: number;
    readonly waitsFor: readonly string[];
    readonly what: string | null;
  }[] {
    return [...this.#open].map((transaction) => {
      const waiter = this.#waiters.find((one) => one.transaction === transaction);
      const waitsFor = [...(waiter?.holders ?? [])].map(({ label }) => label);
      return { label: transaction.label, number: transaction.number, waitsFor, what: waiter?.what ?? null };
    });
  }
}
