/** What of a live event a reader is told, by the policy line of its topic. Pure. */
import { LIVE_ACCESS } from '@piculus/protocol';
import type { LiveEvent } from '@piculus/protocol/http';
import type { Caller } from '../base/access.ts';
import type { NumberedEvent } from './live-events.ts';

/** @returns null where it is not for the caller; without ids where it belongs to no system that says whose they are. */
export function visibleTo({ event, systems }: NumberedEvent, caller: Caller): LiveEvent | null {
  const policy = LIVE_ACCESS[event.topic];
  if (!('verb' in policy)) return event;
  const scope = caller.scope(policy.verb);
  if (scope === 'all') return event;
  if (policy.where === 'everywhere' || scope.size === 0) return null;
  if (systems === null) return { ...event, ids: [], more: true };
  return systems.some((sysCode) => scope.has(sysCode)) ? event : null;
}
