/** A journal in memory, for tests without a database. It forgets everything when the process ends. */
import { type Effect, type FixResult, PiculusError } from '@piculus/protocol';
import type { Journal, JournalEntry } from '../journal/journal.ts';

/** A transaction that tells when it committed, so that the journal commits with it. */
export interface MemoryTransaction {
  onCommit(apply: () => void): void;
}

export interface MemoryJournalOptions<Tx> {
  /**
   * Hands work to the transaction that must happen if and only if it commits. Without it, a transaction with
   * an `onCommit` method is used, and any other counts as committed at once.
   */
  onCommit?(tx: Tx, apply: () => void): void;
}

export interface MemoryJournal<Tx> extends Journal<Tx> {
  readonly entries: ReadonlyMap<string, JournalEntry>;
}

interface StoredEntry {
  readonly payloadHash: string;
  readonly effects: Map<string, Effect>;
  answer: FixResult | null;
}

export function memoryJournal<Tx = unknown>(options: MemoryJournalOptions<Tx> = {}): MemoryJournal<Tx> {
  const stored = new Map<string, StoredEntry>();
  const onCommit = options.onCommit ?? applyWithTransaction;
  const entryOf = (commandKey: string): StoredEntry => {
    const entry = stored.get(commandKey);
    if (!entry) throw new Error(`the journal has no entry for ${commandKey}; open it first`);
    return entry;
  };
  const asEntry = (commandKey: string, { payloadHash, effects, answer }: StoredEntry): JournalEntry => ({
    commandKey,
    payloadHash,
    effects: [...effects.values()],
    answer,
  });
  return {
    get entries() {
      return new Map([...stored].map(([key, entry]) => [key, asEntry(key, entry)]));
    },
    async open(commandKey, payloadHash) {
      const entry = stored.get(commandKey) ?? { payloadHash, effects: new Map(), answer: null };
      stored.set(commandKey, entry);
      return asEntry(commandKey, entry);
    },
    async record(tx, commandKey, effect) {
      const { effects } = entryOf(commandKey);
      const before = effects.get(effect.key);
      if (before && !sameEffect(before, effect)) {
        throw new PiculusError(
          'payload-changed',
          `the journal has another effect under the key ${effect.key}`,
        );
      }
      onCommit(tx, () => effects.set(effect.key, before ?? effect));
    },
    async effects(commandKey) {
      return [...(stored.get(commandKey)?.effects.values() ?? [])];
    },
    async answer(commandKey, answer) {
      entryOf(commandKey).answer ??= structuredClone(answer);
    },
  };
}

function sameEffect(one: Effect, other: Effect): boolean {
  return one.kind === other.kind && one.amountMinor === other.amountMinor && one.currency === other.currency;
}

function applyWithTransaction(tx: unknown, apply: () => void): void {
  if (isMemoryTransaction(tx)) tx.onCommit(apply);
  else apply();
}

function isMemoryTransaction(tx: unknown): tx is MemoryTransaction {
  return typeof tx === 'object' && tx !== null && 'onCommit' in tx && typeof tx.onCommit === 'function';
}

/** Runs work in a transaction of which the effects happen together at its end, or not at all where it throws. */
export async function memoryTransaction<T>(work: (tx: MemoryTransaction) => Promise<T>): Promise<T> {
  const waiting: (() => void)[] = [];
  const result = await work({ onCommit: (apply) => waiting.push(apply) });
  for (const apply of waiting) apply();
  return result;
}
