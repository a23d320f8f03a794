/** What a person chose to collect, and what follows from it. Pure. */
import type { Client, RouteBodyInput, System } from '@piculus/protocol/http';

export const WINDOWS = ['own', 'hour', 'day', 'days', 'custom'] as const;
export type WindowChoice = (typeof WINDOWS)[number];

const HOUR_MS = 3_600_000;
const LENGTHS: Readonly<Record<'hour' | 'day' | 'days', number>> = {
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
  days: 72 * HOUR_MS,
};

export interface Choice {
  /** Null: nobody has chosen, which means all that are enabled, also those that come later. */
  readonly sysCodes: readonly string[] | null;
  /** Null: all that the clients announce. */
  readonly fixCodes: readonly string[] | null;
  readonly window: WindowChoice;
  /** ISO 8601, or empty. */
  readonly from: string;
  readonly to: string;
}

export type Missing = 'sysCodes' | 'fixCodes' | 'windowFrom';
export type CollectRequest = RouteBodyInput<'startCollection'>;

/** @returns what the address asks for: `?sysCode=A,B&fixCode=…`. */
export function choiceFrom(query: URLSearchParams): Choice {
  const list = (name: string): readonly string[] | null => {
    const values = (query.get(name) ?? '').split(',').filter((value) => value !== '');
    return values.length === 0 ? null : values;
  };
  return { sysCodes: list('sysCode'), fixCodes: list('fixCode'), window: 'own', from: '', to: '' };
}

/** The enabled systems that are chosen. */
export function chosenSystems(choice: Choice, systems: readonly System[]): readonly System[] {
  return systems.filter(
    ({ sysCode, enabled }) => enabled && (choice.sysCodes === null || choice.sysCodes.includes(sysCode)),
  );
}

/** What the connected clients of these systems announce, sorted. */
export function collectorsOf(
  systems: readonly System[],
  clients: readonly Pick<Client, 'sysCode' | 'connected' | 'collectors'>[],
): readonly string[] {
  const codes = new Set(systems.map(({ sysCode }) => sysCode));
  const able = clients.filter(({ connected, sysCode }) => connected && codes.has(sysCode));
  return [...new Set(able.flatMap(({ collectors }) => collectors))].sort();
}

export interface Ability {
  readonly has: readonly string[];
  readonly missing: readonly string[];
}

/** What one client would run of what is chosen. */
export function abilityOf({ collectors }: Pick<Client, 'collectors'>, choice: Choice): Ability {
  if (choice.fixCodes === null) return { has: collectors, missing: [] };
  return {
    has: choice.fixCodes.filter((code) => collectors.includes(code)),
    missing: choice.fixCodes.filter((code) => !collectors.includes(code)),
  };
}

/** What must still be chosen; empty where it can be started. */
export function missingIn(choice: Choice, chosen: readonly System[]): readonly Missing[] {
  const missing: Missing[] = [];
  if (chosen.length === 0) missing.push('sysCodes');
  if (choice.fixCodes?.length === 0) missing.push('fixCodes');
  if (choice.window === 'custom' && choice.from === '') missing.push('windowFrom');
  return missing;
}

/** @param now milliseconds since 1970: the windows "last …" end there. */
export function requestFor(choice: Choice, chosen: readonly System[], now: number): CollectRequest {
  return {
    sysCodes: chosen.map(({ sysCode }) => sysCode),
    ...(choice.fixCodes === null ? {} : { fixCodes: [...choice.fixCodes] }),
    ...windowOf(choice, now),
  };
}

function windowOf(choice: Choice, now: number): Pick<CollectRequest, 'windowFrom' | 'windowTo'> {
  switch (choice.window) {
    case 'own':
      return {};
    case 'custom':
      return {
        ...(choice.from === '' ? {} : { windowFrom: choice.from }),
        ...(choice.to === '' ? {} : { windowTo: choice.to }),
      };
    default:
      // The end is left to the server, whose clock decides what "now" is.
      return { windowFrom: new Date(now - LENGTHS[choice.window]).toISOString() };
  }
}
