/** Which fixes the clients of each system have announced, connected or not. */
import { readAnnouncedFixes } from '../store/clients.ts';
import type { Executor } from '../store/database.ts';

/** @param sysCode all systems where it is not given. */
export async function announcedBySystem(
  db: Executor,
  sysCode?: string,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const bySystem = new Map<string, Set<string>>();
  for (const row of await readAnnouncedFixes(db, sysCode)) {
    const codes = bySystem.get(row.sys_code) ?? new Set();
    bySystem.set(row.sys_code, codes.add(row.fix_code));
  }
  return bySystem;
}
