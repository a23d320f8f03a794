/** Collections: windows, states and honest ends. Pure. */
import { type ClientMessageBody, type CollectState, type FieldError, PiculusError } from '@piculus/protocol';
import type { CommandRow } from '../store/collect-commands.ts';

const WINDOW_MAX_DAYS = 90;
const DAY_MS = 86_400_000;
/** A caller's clock may be a little ahead of ours; a window that ends then ends now. */
const CLOCK_SKEW_MS = 60_000;
const REASON_LENGTH = 2_000;

/** A command that was given out this often is not given out again: something about it stops every client. */
export const EPOCHS_MAX = 20;

export interface Window {
  readonly from: Date;
  readonly to: Date;
}

const field = (name: string, en: string, zh: string): FieldError => ({ field: name, reason: { en, zh } });

/**
 * The window of one system: as asked for; where an end is missing, the system's own length, ending now.
 * @throws PiculusError `invalid-field`.
 */
export function windowFor(
  asked: { readonly windowFrom?: string | undefined; readonly windowTo?: string | undefined },
  ownLengthMs: number,
  now: Date,
): Window {
  const to = asked.windowTo === undefined ? now : new Date(asked.windowTo);
  const from =
    asked.windowFrom === undefined ? new Date(to.getTime() - ownLengthMs) : new Date(asked.windowFrom);
  const errors: FieldError[] = [];
  if (to.getTime() > now.getTime() + CLOCK_SKEW_MS) {
    errors.push(field('windowTo', 'the window ends in the future', '收集窗口的结束时间在未来'));
  }
  if (from >= to) {
    errors.push(
      field('windowFrom', 'the window must begin before it ends', '收集窗口的开始时间须早于结束时间'),
    );
  } else if (to.getTime() - from.getTime() > WINDOW_MAX_DAYS * DAY_MS) {
    const en = `a window has at most ${WINDOW_MAX_DAYS} days`;
    errors.push(field('windowFrom', en, `收集窗口最长 ${WINDOW_MAX_DAYS} 天`));
  }
  if (errors.length === 0 && from >= now) {
    errors.push(field('windowFrom', 'the window begins in the future', '收集窗口的开始时间在未来'));
  }
  if (errors.length > 0) throw new PiculusError('invalid-field', undefined, errors);
  return { from, to: to > now ? now : to };
}

/** The state of a collection as a whole. */
export function collectionState(commands: readonly CollectState[]): CollectState {
  const all = (state: CollectState): boolean => commands.every((command) => command === state);
  if (commands.includes('running')) return 'running';
  if (commands.includes('waiting')) return all('waiting') ? 'waiting' : 'running';
  for (const state of ['complete', 'cancelled', 'failed'] as const) if (all(state)) return state;
  return 'incomplete';
}

/** What a client collects of what was asked for. Nothing asked for means everything it has. */
export function chooseCollectors(
  asked: readonly string[],
  collectors: ReadonlySet<string>,
): { readonly fixCodes: string[]; readonly missing: string[] } {
  if (asked.length === 0) return { fixCodes: [...collectors].sort(), missing: [] };
  return {
    fixCodes: asked.filter((code) => collectors.has(code)),
    missing: asked.filter((code) => !collectors.has(code)),
  };
}

/**
 * Who may speak of a command: its client, under its epoch. `ended` where it ended under that epoch already, so
 * that a repeated last word is acknowledged.
 * @throws PiculusError `unknown-command`, `stale-lease`.
 */
export function admit(
  row: CommandRow | null,
  speaker: { readonly sysCode: string; readonly clientId: string; readonly epoch: number },
): { readonly row: CommandRow; readonly ended: boolean } {
  if (row === null || row.sys_code !== speaker.sysCode) throw new PiculusError('unknown-command');
  if (row.client_id !== speaker.clientId || row.epoch !== speaker.epoch || row.state === 'waiting') {
    throw new PiculusError('stale-lease', 'another client has taken this collect over');
  }
  return { row, ended: row.finished_at !== null };
}

export interface Arrived {
  /** Reports stored under this epoch, and the highest sequence among them. */
  readonly stored: number;
  readonly highest: number;
  readonly problemsReported: number;
}

/**
 * How a command ends: complete only where the client says so and nothing speaks against it, so that
 * "0 problems" can be believed.
 */
export function endOf(
  done: ClientMessageBody<'collect-done'>,
  arrived: Arrived,
  missing: readonly string[],
): { readonly state: 'complete' | 'incomplete'; readonly reason: string | null } {
  const against: string[] = [];
  if (!done.complete) against.push(done.reason ?? 'the client says that it is not complete');
  if (missing.length > 0) against.push(`the client has no collector for ${missing.join(', ')}`);
  if (arrived.stored !== arrived.highest) {
    against.push(`${arrived.highest - arrived.stored} of ${arrived.highest} reports did not arrive`);
  } else if (arrived.problemsReported < done.problemsFound) {
    against.push(`${arrived.problemsReported} of ${done.problemsFound} problems arrived`);
  }
  if (done.complete) {
    for (const feed of done.feeds.filter((one) => !one.complete)) {
      against.push(
        `the feed of the ${feed.side} does not reach the window's end${feed.note ? `: ${feed.note}` : ''}`,
      );
    }
  }
  if (against.length === 0) return { state: 'complete', reason: null };
  return { state: 'incomplete', reason: against.join('; ').slice(0, REASON_LENGTH) };
}

/** Why a command that nobody took fails; null where it may go on waiting. */
export function abandonedBecause(
  row: Pick<CommandRow, 'epoch' | 'fix_codes'>,
  clients: readonly { readonly collectors: readonly string[] }[],
): string | null {
  if (row.epoch >= EPOCHS_MAX)
    return `it was given out ${row.epoch} times and no client brought it to an end`;
  if (clients.length === 0) return 'no client of this system is connected';
  const able = clients.some(({ collectors }) =>
    row.fix_codes.length === 0
      ? collectors.length > 0
      : row.fix_codes.some((code) => collectors.includes(code)),
  );
  if (able) return null;
  const wanted = row.fix_codes.length === 0 ? 'any collector' : `a collector for ${row.fix_codes.join(', ')}`;
  return `no connected client of this system has ${wanted}`;
}
