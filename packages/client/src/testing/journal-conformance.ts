/**
 * What every journal must do, as named checks that any test runner can register:
 * `for (const { name, run } of journalConformance(setUp)) test(name, run)`.
 */
import assert from 'node:assert/strict';
import type { Effect, FixResult } from '@piculus/protocol';
import type { Journal } from '../journal/journal.ts';

/** A journal under test with the transactions of its database. */
export interface JournalUnderTest<Tx> {
  readonly journal: Journal<Tx>;
  /** Runs work in one transaction: commits at its end, rolls back where it throws. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** The same journal as another process would see it, where that is possible. */
  reopen?(): Journal<Tx>;
}

export interface ConformanceCheck {
  readonly name: string;
  run(): Promise<void>;
}

const EFFECT: Effect = {
  key: 'credit:R1',
  kind: 'credit',
  amountMinor: '999999999999999999',
  currency: 'CNY',
};
const STATUS: Effect = { key: 'status:R1:SUCCESS', kind: 'status', amountMinor: '0', currency: 'CNY' };

let lastKey = 0;
const newKey = (): string => {
  lastKey += 1;
  return `cmd/TEST/conformance/${encodeURIComponent(`订单 /%'"\\ ${lastKey}`)}/0`;
};

function answerOf(commandKey: string, reason: string): FixResult {
  const at = '2026-01-02T03:04:05.678Z';
  return {
    problemId: '9007199254740993',
    commandKey,
    outcome: 'fixed',
    scenario: 'C1',
    reason,
    effects: [EFFECT],
    replayed: false,
    verified: true,
    facts: null,
    startedAt: at,
    finishedAt: at,
  };
}

class RollBack extends Error {}

/** @param underTest called once per check; the checks share nothing but the database. */
export function journalConformance<Tx>(
  underTest: () => Promise<JournalUnderTest<Tx>>,
): readonly ConformanceCheck[] {
  const check = (name: string, work: (subject: JournalUnderTest<Tx>) => Promise<void>): ConformanceCheck => ({
    name,
    run: async () => work(await underTest()),
  });
  return [
    check('opens an entry once and keeps its first hash', async ({ journal }) => {
      const key = newKey();
      const first = await journal.open(key, 'hash-1');
      assert.deepEqual(first, { commandKey: key, payloadHash: 'hash-1', effects: [], answer: null });
      const second = await journal.open(key, 'hash-2');
      assert.equal(second.payloadHash, 'hash-1', 'the caller must see the hash of the first payload');
    }),
    check('commits an effect with its transaction', async ({ journal, transaction, reopen }) => {
      const key = newKey();
      await journal.open(key, 'hash');
      await transaction((tx) => journal.record(tx, key, EFFECT));
      await transaction((tx) => journal.record(tx, key, STATUS));
      assert.deepEqual(await journal.effects(key), [EFFECT, STATUS]);
      const elsewhere = reopen?.() ?? journal;
      assert.deepEqual((await elsewhere.open(key, 'hash')).effects, [EFFECT, STATUS]);
    }),
    check('forgets an effect with its transaction', async ({ journal, transaction }) => {
      const key = newKey();
      await journal.open(key, 'hash');
      const rolledBack = transaction(async (tx) => {
        await journal.record(tx, key, EFFECT);
        throw new RollBack();
      });
      await assert.rejects(rolledBack, RollBack);
      assert.deepEqual(await journal.effects(key), []);
    }),
    check('records the same effect of the same command once', async ({ journal, transaction }) => {
      const key = newKey();
      await journal.open(key, 'hash');
      await transaction(async (tx) => {
        await journal.record(tx, key, EFFECT);
        await journal.record(tx, key, EFFECT);
      });
      await transaction((tx) => journal.record(tx, key, EFFECT));
      assert.deepEqual(await journal.effects(key), [EFFECT]);
    }),
    check('refuses another effect under the same key', async ({ journal, transaction }) => {
      const key = newKey();
      await journal.open(key, 'hash');
      await transaction((tx) => journal.record(tx, key, EFFECT));
      const other = transaction((tx) => journal.record(tx, key, { ...EFFECT, amountMinor: '1' }));
      await assert.rejects(other, { code: 'payload-changed' });
      assert.deepEqual(await journal.effects(key), [EFFECT]);
    }),
    check('keeps commands apart', async ({ journal, transaction }) => {
      const [one, two] = [newKey(), newKey()];
      await journal.open(one, 'hash');
      await journal.open(two, 'hash');
      await transaction((tx) => journal.record(tx, one, EFFECT));
      assert.deepEqual(await journal.effects(two), []);
      await transaction((tx) => journal.record(tx, two, EFFECT));
      assert.deepEqual(await journal.effects(two), [EFFECT]);
    }),
    check('stores the first answer and gives it back as it was', async ({ journal, reopen }) => {
      const key = newKey();
      await journal.open(key, 'hash');
      await journal.answer(key, answerOf(key, '已修复 "quoted" \\ 🐦'));
      await journal.answer(key, answerOf(key, 'another'));
      const elsewhere = reopen?.() ?? journal;
      assert.deepEqual((await elsewhere.open(key, 'hash')).answer, answerOf(key, '已修复 "quoted" \\ 🐦'));
    }),
    check('stands the same command opened many times at once', async ({ journal }) => {
      const key = newKey();
      const hashes = Array.from({ length: 8 }, (_, index) => `hash-${index}`);
      const entries = await Promise.all(hashes.map((hash) => journal.open(key, hash)));
      assert.equal(new Set(entries.map((entry) => entry.payloadHash)).size, 1, 'one hash wins for all');
    }),
  ];
}
