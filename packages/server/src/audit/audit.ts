/** Acts of people and of policies, written in the transaction of the change that they describe. */
import { actingOf } from '../base/acting.ts';
import type { Tx } from '../store/database.ts';
import { type AuditRow, insertAudit } from '../store/audit.ts';

export type { AuditRow } from '../store/audit.ts';

export function writeAudit(tx: Tx, entry: AuditRow): Promise<void> {
  return writeAudits(tx, [entry]);
}

export function writeAudits(tx: Tx, entries: readonly AuditRow[]): Promise<void> {
  return insertAudit(tx, entries.map(asActed));
}

/** With by what and from where its actor acts in the request under way. */
export function asActed(entry: AuditRow): AuditRow {
  const { tokenId, approvalId, ...acting } = actingOf(entry.actor);
  const row: AuditRow = { ...acting, ...entry };
  if (tokenId === null && approvalId === undefined) return row;
  const by = {
    ...(tokenId === null ? {} : { token: tokenId }),
    ...(approvalId === undefined ? {} : { approvalId }),
  };
  return { ...row, detail: { ...row.detail, ...by } };
}
