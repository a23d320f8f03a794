/** A production system whose every text is hostile: a real client of the SDK that reports what it was made from. */
import {
  type Client,
  createClient,
  defineCollector,
  defineFix,
  type FixPair,
  type FoundProblem,
} from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';
import { type Facts, LIMITS, type PlanStep } from '@piculus/protocol';
import { cut, packed, PAYLOADS } from '../../security/payloads.ts';
import { AUTOMATIC_FIX, MANUAL_FIX } from './second-system.ts';

export const HOSTILE_SYSTEM = 'HOSTILE';
/** Every problem of the first is refused for a hostile reason; that of the second is repaired with hostile effects. */
export const REFUSING_FIX = AUTOMATIC_FIX;
export const ACTING_FIX = MANUAL_FIX;

const CODE = LIMITS.codeLength;
const NOTES = packed(LIMITS.textLength);
const KEYS = packed(256);
const at = <T>(list: readonly T[], index: number): T => {
  const found = list[((index % list.length) + list.length) % list.length];
  if (found === undefined) throw new Error('the list is empty');
  return found;
};
/** The payload as a text that is told from all others, as an order number must be. */
export const businessKeyOf = (index: number): string => `${index} ${cut(at(PAYLOADS, index), 120)}`;
const numberOf = (businessKey: string): number => Number.parseInt(businessKey, 10);
const PAUSE = '\u0020';
const code = (index: number): string => cut(at(PAYLOADS, index), CODE).trim() || PAUSE;

/** The server takes no message with the names of JavaScript's own parts; in a longer name they are harmless. */
const fieldName = (index: number): string =>
  code(index).replace(/^(__proto__|constructor|prototype)$/, (name) => `${name}.`);

/**
 * Each problem holds this many payloads, from its own on, as contradictions and as names and values of facts on every
 * side: of that many problems in a row, one shows what all of them would.
 */
export const PAYLOADS_OF_A_PROBLEM = 12;
const following = (index: number): number[] =>
  Array.from({ length: PAYLOADS_OF_A_PROBLEM }, (_, more) => index + more);

/** A state and a source is each payload in its turn. */
function factsOf(index: number, now: Date): Facts {
  const side = (shift: number) => ({
    state: code(index + shift),
    source: code(index + shift + 1),
    observedAt: now.toISOString(),
    fields: Object.fromEntries(
      following(index).map((each) => [
        fieldName(each + shift),
        cut(at(PAYLOADS, each), LIMITS.factTextLength),
      ]),
    ),
  });
  return { order: side(0), ledger: side(7), bank: side(14) };
}

function problemOf(index: number, now: Date): FoundProblem {
  return {
    businessKey: businessKeyOf(index),
    scenario: 'C1',
    handling: 'fix',
    amountMinor: '100',
    currency: 'CNY',
    occurredAt: new Date(now.getTime() - 3_600_000).toISOString(),
    outOfPocket: 'customer',
    contradictions: following(index).map(code),
    facts: factsOf(index, now),
  };
}

/** @param collects how many collects came before this one; each has other notes and another reason. */
function collectorOf(fixCode: string, indexes: readonly number[]) {
  let collects = 0;
  return defineCollector({
    fixCode,
    async collect({ windowTo, report, scanned }) {
      scanned(indexes.length);
      await report(indexes.map((index) => problemOf(index, windowTo)));
      const first = 4 * collects++;
      const feeds = (['order', 'ledger', 'bank'] as const).map((side, number) => ({
        side,
        reachesTo: windowTo.toISOString(),
        complete: false,
        note: at(NOTES, first + number),
      }));
      return { complete: false, reason: at(NOTES, first + 3), feeds };
    },
  });
}

function refusing(): FixPair<null> {
  return {
    collector: collectorOf(
      REFUSING_FIX,
      PAYLOADS.map((_, index) => index),
    ),
    fix: defineFix<number, PlanStep, null>({
      fixCode: REFUSING_FIX,
      examine: async ({ businessKey }) => numberOf(businessKey),
      facts: (index) => factsOf(index, new Date()),
      plan: (_, index) => ({ verdict: 'refused', scenario: 'C1', reason: at(PAYLOADS, index) }),
      apply: async () => ({ result: 'continue' }),
    }),
  };
}

/** The steps of the preview, and the keys of the effects, hold all payloads. */
function acting(): FixPair<null> {
  const texts = NOTES.map((note) => ({ en: note, zh: note }));
  const step = (text: PlanStep['text'], index: number): PlanStep => ({
    kind: 'credit',
    key: at(KEYS, index),
    amountMinor: '1',
    currency: 'CNY',
    text,
  });
  const [first, ...others] = texts;
  if (first === undefined) throw new Error('there are no texts');
  const steps = [step(first, 0), ...others.map((text, index) => step(text, index + 1))] as const;
  const done = new Set<string>();
  const count = Math.ceil(KEYS.length / LIMITS.effectsPerResult) + 1;
  return {
    collector: collectorOf(
      ACTING_FIX,
      Array.from({ length: count }, (_, index) => 1_000 + index),
    ),
    fix: defineFix<number, PlanStep, null>({
      fixCode: ACTING_FIX,
      examine: async ({ businessKey }) => numberOf(businessKey),
      facts: (index) => factsOf(index, new Date()),
      plan: ({ businessKey }) =>
        done.has(businessKey)
          ? { verdict: 'already-right', scenario: 'C1', reason: at(NOTES, 0) }
          : { verdict: 'act', scenario: 'C1', steps: [...steps], reason: at(NOTES, 1) },
      async apply(_, index, { command, record }) {
        const own = (index - 1_000) * LIMITS.effectsPerResult;
        for (const key of KEYS.slice(own, own + LIMITS.effectsPerResult))
          await record(null, { key, kind: 'credit', amountMinor: '1', currency: 'CNY' });
        done.add(command.businessKey);
        return { result: 'continue' };
      },
    }),
  };
}

/** @returns a client that is connecting; it must be stopped. */
export function startHostileClient(url: string, systemKey: string, serverKeys: readonly string[]): Client {
  const client = createClient({
    url,
    systemKey,
    serverKeys,
    application: { name: cut(at(PAYLOADS, 0), CODE), version: cut(at(PAYLOADS, 40), CODE) },
    fixes: [refusing(), acting()],
    journal: memoryJournal<null>(),
    places: 50,
  });
  client.start();
  return client;
}
