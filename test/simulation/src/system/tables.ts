/**
 * The database of the simulated payment system: read committed, row locks that wait, unique keys that wait for the
 * other inserter, connections that break. One statement is one step of the process that makes it.
 */
import type { Booking, BankFacts, OrderType, StandingDecision } from '@piculus/repairs';
import type { Effect, FixResult } from '@piculus/protocol';
import type { DatabaseProfile } from '../profile.ts';
import type { Random } from '../random.ts';
import type { Lane, Scheduler } from '../scheduler.ts';

export interface OrderRow {
  readonly orderNo: string;
  readonly type: OrderType;
  readonly booking: Booking;
  readonly accountNo: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly counterparty: string;
  readonly requestNo: string;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  readonly status: string;
  readonly version: number;
  readonly mark: { readonly commandKey: string; readonly process: string; readonly untilMs: number } | null;
}

export interface PostingRow {
  readonly id: string;
  readonly key: string;
  readonly orderNo: string;
  readonly kind: 'opening' | 'credit' | 'debit' | 'hold' | 'settle' | 'release' | 'reversal';
  readonly from: string;
  readonly to: string;
  readonly amountMinor: bigint;
  readonly refersTo: string | null;
  readonly by: 'world' | 'repair' | 'normal';
}

export interface OutboxRow {
  readonly requestNo: string;
  readonly orderNo: string;
  readonly attempt: number;
  readonly state: 'queued' | 'sending' | 'sent' | 'stopped';
  readonly sentAtMs: number | null;
}

export interface Tables {
  readonly orders: OrderRow;
  readonly accounts: { readonly accountNo: string };
  readonly postings: PostingRow;
  /** The unique index over the keys of effects. */
  readonly effectKeys: { readonly postingId: string };
  readonly outbox: OutboxRow;
  readonly decisions: StandingDecision;
  readonly proofs: BankFacts;
  readonly journal: { readonly payloadHash: string; readonly answer: FixResult | null };
  readonly journalEffects: { readonly commandKey: string; readonly effect: Effect };
}
export type TableName = keyof Tables;
export type Committed = { readonly [T in TableName]: Map<string, Tables[T]> };

const NAMES: readonly TableName[] = [
  'orders',
  'accounts',
  'postings',
  'effectKeys',
  'outbox',
  'decisions',
  'proofs',
  'journal',
  'journalEffects',
];

export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** How long a statement waits for a row. */
const LOCK_MS = 10_000;

interface RowLock {
  owner: Transaction;
  readonly waiting: { readonly by: Transaction; granted(): void }[];
}

export class SimulatedDatabase {
  readonly committed: Committed = {
    orders: new Map(),
    accounts: new Map(),
    postings: new Map(),
    effectKeys: new Map(),
    outbox: new Map(),
    decisions: new Map(),
    proofs: new Map(),
    journal: new Map(),
    journalEffects: new Map(),
  };
  healed = false;
  /** Sees every commit just before it is applied. */
  onCommit: ((transaction: Transaction) => void) | null = null;
  readonly scheduler: Scheduler;
  readonly #random: Random;
  readonly #profile: DatabaseProfile;
  readonly #locks = new Map<string, RowLock>();
  readonly #open = new Set<Transaction>();
  #sequence = 0;

  constructor(scheduler: Scheduler, random: Random, profile: DatabaseProfile) {
    this.scheduler = scheduler;
    this.#random = random;
    this.#profile = profile;
  }

  /** A sequence does not roll back. */
  nextId(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** One statement on its own: everything it reads is of one moment. */
  async read<R>(lane: Lane, name: string, statement: (committed: Committed) => R): Promise<R> {
    await lane.turn(`sql ${name}`, this.#profile.statementMs);
    if (this.#breaks()) throw new ConnectionLostError('the connection was lost');
    const result = statement(this.committed);
    await lane.turn(`read ${name}`, this.#profile.statementMs);
    return result;
  }

  async transaction<R>(
    lane: Lane,
    by: 'repair' | 'normal',
    work: (tx: Transaction) => Promise<R>,
    what: string = by,
  ): Promise<R> {
    // A process may wait for its connection, or stand still, before its transaction begins.
    await lane.turn(`begin ${what}`, this.#profile.statementMs);
    const tx = new Transaction(this, lane, by);
    this.#open.add(tx);
    try {
      const result = await work(tx);
      await this.#commit(tx);
      return result;
    } finally {
      tx.end();
    }
  }

  async #commit(tx: Transaction): Promise<void> {
    await tx.step('commit');
    const unheard = !this.healed && this.#random.chance(this.#profile.commitUnheard);
    this.onCommit?.(tx);
    tx.apply();
    tx.end();
    await tx.lane.turn('committed', this.#profile.statementMs);
    if (unheard) throw new ConnectionLostError('the connection was lost while committing');
  }

  statementMs(): number {
    return this.#profile.statementMs;
  }

  breaks(): boolean {
    return this.#breaks();
  }

  #breaks(): boolean {
    return !this.healed && this.#random.chance(this.#profile.lost);
  }

  /** Resolves when the row is this transaction's, or rejects where it waited too long. */
  lock(row: string, by: Transaction): Promise<void> {
    const held = this.#locks.get(row);
    if (!held) {
      this.#locks.set(row, { owner: by, waiting: [] });
      return Promise.resolve();
    }
    if (held.owner === by) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter = { by, granted: resolve };
      held.waiting.push(waiter);
      this.scheduler.after(LOCK_MS, by.lane, 'lock timeout', () => {
        const at = held.waiting.indexOf(waiter);
        if (at === -1) return;
        held.waiting.splice(at, 1);
        reject(new ConnectionLostError('lock timeout'));
      });
    });
  }

  release(rows: Iterable<string>, by: Transaction): void {
    for (const row of rows) {
      const held = this.#locks.get(row);
      if (held?.owner !== by) continue;
      const next = held.waiting.shift();
      if (!next) {
        this.#locks.delete(row);
        continue;
      }
      held.owner = next.by;
      next.by.gotLock(row);
      this.scheduler.after(0.01, next.by.lane, 'lock', next.granted);
    }
  }

  /** As `idle_in_transaction_session_timeout`: a process that stands still loses its transactions. */
  endIdle(lane: Lane): void {
    for (const tx of [...this.#open]) if (tx.lane === lane) tx.end();
  }

  ended(by: Transaction): void {
    this.#open.delete(by);
    for (const { waiting } of this.#locks.values()) {
      const at = waiting.findIndex((waiter) => waiter.by === by);
      if (at !== -1) waiting.splice(at, 1);
    }
  }
}

export class Transaction {
  readonly database: SimulatedDatabase;
  readonly lane: Lane;
  readonly by: 'repair' | 'normal';
  readonly writes: Committed = {
    orders: new Map(),
    accounts: new Map(),
    postings: new Map(),
    effectKeys: new Map(),
    outbox: new Map(),
    decisions: new Map(),
    proofs: new Map(),
    journal: new Map(),
    journalEffects: new Map(),
  };
  /** Orders with the version that their change was decided upon. */
  readonly seen = new Map<string, number>();
  /** The decision that each order's change is taken under. */
  readonly decided = new Map<string, StandingDecision['decision']>();
  readonly #rows = new Set<string>();
  #over = false;
  readonly #forget: () => void;

  constructor(database: SimulatedDatabase, lane: Lane, by: 'repair' | 'normal') {
    this.database = database;
    this.lane = lane;
    this.by = by;
    this.#forget = lane.onKill(() => this.end());
  }

  /** What one reads in here: one's own writes over what is committed. */
  get<T extends TableName>(table: T, key: string): Tables[T] | undefined {
    const own: ReadonlyMap<string, Tables[T]> = this.writes[table];
    const there: ReadonlyMap<string, Tables[T]> = this.database.committed[table];
    return own.get(key) ?? there.get(key);
  }

  all<T extends TableName>(table: T): Tables[T][] {
    const own: ReadonlyMap<string, Tables[T]> = this.writes[table];
    const there: ReadonlyMap<string, Tables[T]> = this.database.committed[table];
    return [...there.entries()]
      .map(([key, row]) => own.get(key) ?? row)
      .concat([...own.entries()].filter(([key]) => !there.has(key)).map(([, row]) => row));
  }

  /** SELECT … FOR UPDATE: the row as it is once it is ours. */
  async locked<T extends TableName>(table: T, key: string): Promise<Tables[T] | undefined> {
    await this.step(`lock ${table}`);
    await this.#lock(`${table}/${key}`);
    return this.get(table, key);
  }

  /** UPDATE of a row, or its insertion where it may replace one. */
  async put<T extends TableName>(table: T, key: string, row: Tables[T]): Promise<void> {
    await this.step(`write ${table}`);
    await this.#lock(`${table}/${key}`);
    const own: Map<string, Tables[T]> = this.writes[table];
    own.set(key, row);
  }

  /** INSERT under a unique key; waits for whoever inserts the same. @returns the row that is there already. */
  async insert<T extends TableName>(table: T, key: string, row: Tables[T]): Promise<Tables[T] | null> {
    await this.step(`insert ${table}`);
    await this.#lock(`${table}/${key}`);
    const there = this.get(table, key);
    if (there !== undefined) return there;
    const own: Map<string, Tables[T]> = this.writes[table];
    own.set(key, row);
    return null;
  }

  async step(name: string): Promise<void> {
    await this.lane.turn(`sql ${name}`, this.database.statementMs());
    if (this.database.breaks()) this.end();
    if (this.#over) throw new ConnectionLostError('the connection was lost');
  }

  gotLock(row: string): void {
    this.#rows.add(row);
  }

  apply(): void {
    for (const table of NAMES) copyTable(table, this.writes, this.database.committed);
  }

  /** Rolls back what is not applied, and lets all rows go. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#forget();
    this.database.ended(this);
    this.database.release(this.#rows, this);
  }

  async #lock(row: string): Promise<void> {
    await this.database.lock(row, this);
    if (this.#over) throw new ConnectionLostError('the connection was lost');
    this.#rows.add(row);
  }
}

function copyTable<T extends TableName>(table: T, from: Committed, to: Committed): void {
  const source: ReadonlyMap<string, Tables[T]> = from[table];
  const target: Map<string, Tables[T]> = to[table];
  for (const [key, row] of source) target.set(key, row);
}
