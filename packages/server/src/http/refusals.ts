/** Refusals of what somebody may not do, as acts: so many at most, so that nobody can fill the audit with them. */
import type { FastifyRequest } from 'fastify';
import { writeAudit } from '../audit/audit.ts';
import type { Context } from '../base/services.ts';
import { transaction } from '../store/pool.ts';
import { findCaller } from './authenticate.ts';

const WINDOW_MS = 60_000;
const PER_PERSON_MAX = 20;
const PEOPLE_MAX = 1_000;

interface Window {
  /** By `elapsedMs`. */
  readonly since: number;
  told: number;
  /** Refused and not told one by one, since the last that was. */
  omitted: number;
}

/** Writes an act for a refused request whose sender is known. Never throws: what fails is told in the log. */
export type TellRefusal = (request: FastifyRequest) => Promise<void>;

export function createRefusals({ db, clock, log }: Pick<Context, 'db' | 'clock' | 'log'>): TellRefusal {
  const windows = new Map<string, Window>();

  /** @returns how many were omitted before this one; null where this one is omitted too. */
  function count(actor: string): number | null {
    const now = clock.elapsedMs();
    const old = windows.get(actor);
    if (old === undefined && windows.size >= PEOPLE_MAX) windows.clear();
    const window =
      old !== undefined && now - old.since < WINDOW_MS
        ? old
        : { since: now, told: 0, omitted: old?.omitted ?? 0 };
    windows.set(actor, window);
    if (window.told >= PER_PERSON_MAX) {
      window.omitted += 1;
      return null;
    }
    const { omitted } = window;
    window.told += 1;
    window.omitted = 0;
    return omitted;
  }

  return async (request) => {
    const caller = findCaller(request);
    if (caller === null) return;
    const omitted = count(caller.actor);
    if (omitted === null) return;
    const { actor, via, from, tokenId: token } = caller;
    const path = request.url.split('?', 1)[0]?.slice(0, 256) ?? '';
    const detail = {
      method: request.method,
      path,
      ...(omitted > 0 ? { omitted } : {}),
      ...(token === undefined ? {} : { token }),
    };
    const row = { at: clock.now(), actor, via, from, requestId: request.id, act: 'refused', detail };
    await transaction(db, (tx) => writeAudit(tx, row)).catch((error: unknown) => {
      log.error({ err: error, requestId: request.id }, 'a refusal could not be kept among the acts');
    });
  };
}
