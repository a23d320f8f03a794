/**
 * The mark by which a repair holds the normal path off an order. It is read under the order's row lock. A mark
 * that is older than any repair may run was left by a process that died, and holds nobody off any more: the
 * repair that left it loses its compare-and-set, because that asks for the mark.
 */
export const REPAIR_MARK_LIFE_MS = 10 * 60_000;

export function isUnderRepair(
  order: { readonly repairCommand: string | null; readonly repairSince: Date | null },
  now: Date,
): boolean {
  if (order.repairCommand === null || order.repairSince === null) return false;
  return now.getTime() - order.repairSince.getTime() < REPAIR_MARK_LIFE_MS;
}

/** Marks that were set before this hold nobody off. */
export function staleMarksBefore(now: Date): Date {
  return new Date(now.getTime() - REPAIR_MARK_LIFE_MS);
}
