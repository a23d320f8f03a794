/** A fix is confirmed by the next complete collect whose window and bank statement cover it. */
import type { Tx } from '../store/database.ts';
import { confirmCovered, type Coverage } from '../store/confirmations.ts';
import { lockSystem } from '../store/locks.ts';

/** @returns the problems whose fix this collect confirmed. Call at the end of a complete collect, in its transaction. */
export async function confirmFixed(tx: Tx, coverage: Coverage): Promise<readonly string[]> {
  await lockSystem(tx, coverage.sysCode);
  return confirmCovered(tx, coverage);
}
