/** What the history of a problem says, taken apart for the words to tell it. */
import { PROBLEM_STATES, type ProblemState } from '@piculus/protocol';
import type { HistoryEntry } from '@piculus/protocol/http';
import type zh from '../../locales/zh-CN/index.ts';

export type KnownAct = keyof (typeof zh)['problem']['acts'];
const KNOWN_ACTS = [
  'reported',
  'reported-again',
  'executed',
  'run',
  'run-dropped',
  'close',
  'reopen',
  'alarm',
  'case-file',
] as const satisfies readonly KnownAct[];

export function knownAct(act: string): KnownAct | null {
  return KNOWN_ACTS.find((known) => known === act) ?? null;
}

export type Who =
  | { readonly is: 'person' | 'system' | 'client' | 'policy'; readonly name: string }
  | { readonly is: 'cron' };

/** Reports come from the system, executions from its clients, everything else from a person or a rule. */
export function whoDid({ act, actor }: Pick<HistoryEntry, 'act' | 'actor'>): Who {
  if (act === 'reported') return { is: 'system', name: actor };
  if (act === 'reported-again' || act === 'executed') return { is: 'client', name: actor };
  if (actor === 'cron') return { is: 'cron' };
  if (actor.startsWith('policy:')) return { is: 'policy', name: actor.slice('policy:'.length) };
  return { is: 'person', name: actor };
}

export interface Change {
  readonly from: ProblemState;
  readonly to: ProblemState;
}

/** @returns the change of state that the entry tells; null where it tells none. */
export function changeIn({ detail }: Pick<HistoryEntry, 'detail'>): Change | null {
  const from = stateIn(detail['from']);
  const to = stateIn(detail['to']);
  return from === null || to === null ? null : { from, to };
}

function stateIn(value: unknown): ProblemState | null {
  return PROBLEM_STATES.find((state) => state === value) ?? null;
}

/** @returns the text or number of a detail; null where there is none. */
export function detailText({ detail }: Pick<HistoryEntry, 'detail'>, name: string): string | null {
  const value = Object.hasOwn(detail, name) ? detail[name] : undefined;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}
