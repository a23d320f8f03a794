/** Which of a problem's facts were masked before they left their system. */
import type { Facts } from '@piculus/protocol';
import { LIMITS } from '@piculus/protocol';
import { SIDE_NAMES } from '../../parts/facts.ts';

/** What a client puts in front of the last characters of a masked value. */
const HIDDEN = '***';

/** @returns `side.field`, as many as can be asked for at once. */
export function maskedFields(facts: Facts): string[] {
  return SIDE_NAMES.flatMap((side) =>
    Object.entries(facts[side].fields)
      .filter(([, value]) => typeof value === 'string' && value.startsWith(HIDDEN))
      .map(([name]) => `${side}.${name}`),
  ).slice(0, LIMITS.revealFieldsMax);
}
