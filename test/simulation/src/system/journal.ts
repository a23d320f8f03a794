/** The journal in the simulated database: effects commit with the transaction that made them. */
import type { Journal, JournalEntry } from '@piculus/client';
import { type Effect, PiculusError } from '@piculus/protocol';
import type { Lane } from '../scheduler.ts';
import type { Committed, SimulatedDatabase, Transaction } from './tables.ts';

export function journalFor(database: SimulatedDatabase, lane: Lane): Journal<Transaction> {
  return {
    open: (commandKey, payloadHash) =>
      database.transaction(lane, 'repair', async (tx): Promise<JournalEntry> => {
        const there = await tx.insert('journal', commandKey, { payloadHash, answer: null });
        const entry = there ?? { payloadHash, answer: null };
        return { commandKey, ...entry, effects: effectsOf(database.committed, commandKey) };
      }),
    record: async (tx, commandKey, effect) => {
      const there = await tx.insert('journalEffects', `${commandKey} ${effect.key}`, { commandKey, effect });
      if (there && !same(there.effect, effect)) {
        throw new PiculusError('payload-changed', `another effect stands under the key ${effect.key}`);
      }
    },
    effects: (commandKey) => database.read(lane, 'effects', (committed) => effectsOf(committed, commandKey)),
    answer: (commandKey, answer) =>
      database.transaction(lane, 'repair', async (tx) => {
        const entry = await tx.locked('journal', commandKey);
        if (entry && !entry.answer) await tx.put('journal', commandKey, { ...entry, answer });
      }),
  };
}

function effectsOf(committed: Committed, commandKey: string): Effect[] {
  return [...committed.journalEffects.values()]
    .filter((row) => row.commandKey === commandKey)
    .map(({ effect }) => effect);
}

function same(one: Effect, other: Effect): boolean {
  return one.kind === other.kind && one.amountMinor === other.amountMinor && one.currency === other.currency;
}
