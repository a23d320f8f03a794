/** Nodes as the API shows them. Pure. */
import type { Node, NodeDifference } from '@piculus/protocol/http';
import type { NodeRow } from '../store/nodes.ts';

export function nodeViews(rows: readonly NodeRow[], answeringId: string): Node[] {
  const answering = rows.find(({ node_id }) => node_id === answeringId);
  return rows.map((row) => ({
    nodeId: row.node_id,
    host: row.host,
    pid: row.pid,
    address: row.address,
    version: row.version,
    state: row.state,
    startedAt: row.started_at.toISOString(),
    seenAt: row.seen_at.toISOString(),
    goneAt: row.gone_at?.toISOString() ?? null,
    goneBecause: row.gone_because,
    clients: row.state === 'gone' ? 0 : row.clients,
    answering: row === answering,
    differences: answering === undefined || row.state === 'gone' ? [] : differencesOf(row, answering),
  }));
}

type Marks = Pick<NodeRow, 'secret_print' | 'signing_key' | 'audit_key'>;

export function differencesOf(one: Marks, other: Marks): NodeDifference[] {
  return [
    ...(one.secret_print === other.secret_print ? [] : (['secret'] as const)),
    ...(one.signing_key === other.signing_key ? [] : (['signing-key'] as const)),
    ...(one.audit_key === other.audit_key ? [] : (['audit-key'] as const)),
  ];
}
