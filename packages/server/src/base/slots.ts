/** Slots of time: what is counted by time is counted by the slot that it falls into. */

/** Migrations cut the same slots in SQL; they count from 1970 in UTC. */
export const SLOT_MS = 5 * 60_000;

/** The beginning of the slot, or of any other span of `ms`, that the moment falls into. */
export function startOf(at: Date, ms: number = SLOT_MS): Date {
  return new Date(Math.floor(at.getTime() / ms) * ms);
}
