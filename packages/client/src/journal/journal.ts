/**
 * The journal: which effects this system's database committed for which command key. It lives in the
 * production database and is written in the transaction of the effect, so that both commit or neither does.
 * Entries never expire by default.
 */
import type { Effect, FixResult } from '@piculus/protocol';

export interface JournalEntry {
  readonly commandKey: string;
  /** Hash of what the command asked for, evidence and expiry aside. */
  readonly payloadHash: string;
  readonly effects: readonly Effect[];
  /** The answer that was given at the end, where the fix came to one that is final. */
  readonly answer: FixResult | null;
}

export interface Journal<Tx = unknown> {
  /**
   * Opens the command's entry, or reads the one that is there.
   * The caller compares the hashes: the same key with another payload is an error and an alarm.
   */
  open(commandKey: string, payloadHash: string): Promise<JournalEntry>;
  /** Adds an effect inside the caller's transaction; the same effect key again is a no-op. */
  record(tx: Tx, commandKey: string, effect: Effect): Promise<void>;
  /** The effects committed so far for this key. */
  effects(commandKey: string): Promise<readonly Effect[]>;
  /** Stores the final answer, once; a repeat of the command gets it back. */
  answer(commandKey: string, answer: FixResult): Promise<void>;
}
