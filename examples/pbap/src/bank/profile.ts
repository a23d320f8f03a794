/**
 * How the bank misbehaves. Everything is drawn from the seed, the operation and the number, so that a run can
 * be repeated, and everything is bounded, so that who keeps asking gets to the end.
 */
import { createHash } from 'node:crypto';

export const PROFILES = ['honest', 'late', 'flaky', 'blind'] as const;
export type Profile = (typeof PROFILES)[number];

export type Operation = 'submit' | 'query' | 'close' | 'statement';
/** `executed`: the bank did what it was asked, only its answer is spoilt. */
export type Mood =
  | { readonly kind: 'good' }
  | { readonly kind: 'timeout' | 'error-500' | 'html'; readonly executed: boolean };

export interface ProfileOptions {
  readonly profile: Profile;
  readonly seed: number;
  /** From receipt to settlement, for a bank in good order. */
  readonly settleDelayMs: number;
  /** A late bank answers NOT_FOUND at least and at most so long after a submit. */
  readonly lateMinMs: number;
  readonly lateMaxMs: number;
  /** A flaky bank gives at most so many bad answers in a row for one number and operation. */
  readonly badAnswersMax: number;
  /** How long a flaky bank keeps silent before it drops the connection. */
  readonly silenceMs: number;
}

export const DEFAULT_PROFILE: ProfileOptions = {
  profile: 'honest',
  seed: 1,
  settleDelayMs: 150,
  lateMinMs: 500,
  lateMaxMs: 3_000,
  badAnswersMax: 2,
  silenceMs: 5_000,
};

/** More spoilt operations than this are forgotten, so that memory stays bounded. */
const REMEMBERED_MAX = 100_000;

export interface Behaviour {
  readonly blind: boolean;
  /** For a new request: how long it is hidden from queries, and how long until it settles. */
  times(requestNo: string): { readonly hiddenMs: number; readonly settleMs: number };
  /** How this call goes; each call counts. */
  mood(operation: Operation, requestNo: string): Mood;
}

/** @returns a number in [0, 1) that depends on the parts alone. */
function draw(...parts: ReadonlyArray<string | number>): number {
  return createHash('sha256').update(parts.join('\u0000')).digest().readUInt32BE(0) / 2 ** 32;
}

export function createBehaviour(options: ProfileOptions): Behaviour {
  const { profile, seed, settleDelayMs, lateMinMs, lateMaxMs, badAnswersMax } = options;
  const calls = new Map<string, number>();
  return {
    blind: profile === 'blind',
    times: (requestNo) => {
      if (profile !== 'late') return { hiddenMs: 0, settleMs: settleDelayMs };
      const hiddenMs = Math.round(lateMinMs + draw(seed, 'late', requestNo) * (lateMaxMs - lateMinMs));
      // It settles while nobody can see it yet: who took NOT_FOUND for "unpaid" has paid twice by then.
      return { hiddenMs, settleMs: Math.round(hiddenMs * draw(seed, 'settle', requestNo)) };
    },
    mood: (operation, requestNo) => {
      if (profile !== 'flaky') return { kind: 'good' };
      const key = `${operation} ${requestNo}`;
      const call = calls.get(key) ?? 0;
      const bad = Math.floor(draw(seed, 'bad', key) * (badAnswersMax + 1));
      if (call >= bad) return { kind: 'good' };
      if (calls.size >= REMEMBERED_MAX) calls.clear();
      calls.set(key, call + 1);
      const kind = draw(seed, 'kind', key, call);
      return {
        kind: kind < 0.15 ? 'timeout' : kind < 0.6 ? 'error-500' : 'html',
        executed: draw(seed, 'executed', key, call) < 0.5,
      };
    },
  };
}
