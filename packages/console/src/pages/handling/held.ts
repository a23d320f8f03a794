/**
 * Rows that stay where they were after they left the queue, so that nobody loses the place and everybody sees what
 * came of an act. Kept per place (tab, filters, page) as long as the tab of the browser is open.
 */
import type { Problem } from '@piculus/protocol/http';
import { useSyncExternalStore } from 'react';

/** `open`: only looked at, perhaps acted on in the detail. */
export type Act = 'open' | 'run' | 'close';
export interface Held {
  readonly problem: Problem;
  readonly act: Act;
  /** Executions it had then: one more is the answer to the act. */
  readonly attempts: number;
}
export interface QueueRow {
  readonly problem: Problem;
  readonly act: Act | null;
  /** It was executed since the act. */
  readonly answered: boolean;
  /** No longer in the queue; it stands here because of the act. */
  readonly left: boolean;
}

/** More would cost more reads with each change than a person looks at. */
const MOST = 50;
const NONE: readonly Held[] = [];
const listeners = new Set<() => void>();
const places = new Map<string, readonly Held[]>();

/** What was done counts for more than a look. */
export function withHeld(before: readonly Held[], problem: Problem, act: Act): readonly Held[] {
  const same = before.find((held) => held.problem.id === problem.id);
  const next =
    act === 'open' && same !== undefined
      ? { ...same, problem }
      : { problem, act, attempts: problem.attempts };
  return [...before.filter((one) => one !== same), next].slice(-MOST);
}

export function hold(place: string, problem: Problem, act: Act): void {
  places.set(place, withHeld(places.get(place) ?? NONE, problem, act));
  for (const listener of listeners) listener();
}

export function release(place: string): void {
  places.delete(place);
  for (const listener of listeners) listener();
}

export function useHeld(place: string): readonly Held[] {
  return useSyncExternalStore(subscribe, () => places.get(place) ?? NONE);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The page of the queue with the held rows at their old places: both are newest first. */
export function mergeHeld(rows: readonly Problem[], held: readonly Held[]): QueueRow[] {
  const byId = new Map(held.map((one) => [one.problem.id, one]));
  const inQueue = new Set(rows.map(({ id }) => id));
  const rowOf = (problem: Problem, left: boolean): QueueRow => {
    const one = byId.get(problem.id);
    return {
      problem,
      act: one?.act ?? null,
      answered: one !== undefined && problem.attempts > one.attempts,
      left,
    };
  };
  return [
    ...rows.map((problem) => rowOf(problem, false)),
    ...held.filter(({ problem }) => !inQueue.has(problem.id)).map(({ problem }) => rowOf(problem, true)),
  ].sort((one, other) => (BigInt(one.problem.id) > BigInt(other.problem.id) ? -1 : 1));
}

/** The act was asked for and its answer has not come yet. */
export function isAsked({ problem, act, answered }: QueueRow): boolean {
  const { waitReason } = problem;
  return act === 'run' && !answered && waitReason !== 'disabled' && waitReason !== 'no-solution';
}

/** Nothing is left to do here, or it is being done. */
export function isDecided(row: QueueRow): boolean {
  if (isAsked(row)) return true;
  const { state, waitReason } = row.problem;
  if (state === 'exhausted' || state === 'needs-human') return false;
  if (state !== 'pending') return true;
  // A click that was made waits for its client now, whoever made it.
  return waitReason === 'scheduled' || waitReason === 'no-client';
}
