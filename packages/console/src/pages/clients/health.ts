/** Whether a client really works, from what it sends and what it was given. Pure. */
import { LIMITS } from '@piculus/protocol';
import type { Client, Lease, Message } from '@piculus/protocol/http';

export type Health = 'well' | 'deaf' | 'silent' | 'gone';

/** Given work for this long and no answer since: the client is alive, but deaf. */
const DEAF_MS = 60_000;
/** Three heartbeats that did not come. */
const SILENT_MS = 3 * LIMITS.heartbeatMs;
/** Above this a client's event loop keeps its answers waiting. */
export const LAG_HIGH_MS = 200;

export interface Evidence {
  /** The work that clients have under a lease now. */
  readonly leases: readonly Pick<Lease, 'clientId' | 'leasedAt' | 'problems' | 'answered'>[];
  /** Messages that clients did not acknowledge. */
  readonly lost: readonly Pick<Message, 'clientId' | 'at'>[];
  /** When all this was read, in milliseconds since 1970. */
  readonly readAt: number;
}

type Judged = Pick<Client, 'clientId' | 'connected' | 'connectedAt' | 'lastHeartbeatAt' | 'lastAnsweredAt'>;

/**
 * A heartbeat alone is no proof: what counts is whether the work that was given is answered. A client that was
 * given nothing has nothing to answer, however long ago its last answer was.
 */
export function healthOf(client: Judged, evidence: Evidence): Health {
  if (!client.connected) return 'gone';
  if (isDeaf(client, evidence)) return 'deaf';
  const heard = Math.max(time(client.lastHeartbeatAt), time(client.connectedAt));
  return evidence.readAt - heard > SILENT_MS ? 'silent' : 'well';
}

function isDeaf(client: Judged, { leases, lost, readAt }: Evidence): boolean {
  const answered = Math.max(time(client.lastAnsweredAt), time(client.connectedAt));
  const given = leases
    .filter((lease) => lease.clientId === client.clientId && lease.answered < lease.problems)
    .map(({ leasedAt }) => time(leasedAt));
  if (given.length > 0 && readAt - Math.max(Math.min(...given), answered) > DEAF_MS) return true;
  return lost.some(({ clientId, at }) => clientId === client.clientId && time(at) > answered);
}

function time(iso: string | null): number {
  return iso === null ? Number.NEGATIVE_INFINITY : Date.parse(iso);
}

/** The announced fixes that no solution of the client's system names. */
export function withoutSolution(
  client: Pick<Client, 'sysCode' | 'fixes'>,
  solutions: readonly { readonly sysCode: string; readonly fixCode: string }[],
): readonly string[] {
  const known = new Set(
    solutions.filter(({ sysCode }) => sysCode === client.sysCode).map(({ fixCode }) => fixCode),
  );
  return client.fixes.filter((code) => !known.has(code));
}
