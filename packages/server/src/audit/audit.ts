/** Acts of people and of policies, written in the transaction of the change that they describe. */
import type { Tx } from '../store/database.ts';
import { type AuditRow, insertAudit } from '../store/audit.ts';

export type { AuditRow } from '../store/audit.ts';

export function writeAudit(tx: Tx, entry: AuditRow): Promise<void> {
  return insertAudit(tx, [entry]);
}

export function writeAudits(tx: Tx, entries: readonly AuditRow[]): Promise<void> {
  return insertAudit(tx, entries);
}
