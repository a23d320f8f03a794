/** The clients: who is connected, since when, and what each can do. */
import { helloSchema, PiculusError } from '@piculus/protocol';
import type { Client } from '@piculus/protocol/http';
import { Replaced } from '../base/replaced.ts';
import type { Clients, Context, Sessions } from '../base/services.ts';
import * as store from '../store/clients.ts';
import { FRESH_MS } from '../systems/index.ts';

/** How often consoles are told that heartbeats came: what they show of them must not look old. */
const HEARTBEATS_TOLD_MS = 10_000;

export function createClients(context: Context): Clients {
  const { db, clock } = context;
  let heartbeatsToldAt = Number.NEGATIVE_INFINITY;
  const changed = (sysCode: string, clientId: string): void =>
    context.events.publish({ topic: 'clients', sysCode, ids: [clientId], more: false });

  return {
    async connected(sysCode, hello, connection = null) {
      const greeted = await store.upsertClient(db, {
        clientId: hello.clientId,
        sysCode,
        // Leases belong to this one greeting; what the client is stays.
        hello: { ...hello, leases: [] },
        nodeId: context.nodeId,
        connection,
        at: clock.now(),
      });
      if (greeted.as === 'foreign')
        throw new PiculusError('wrong-system', 'this client id belongs to another system');
      if (greeted.as === 'replaced') throw new Replaced();
      changed(sysCode, hello.clientId);
      // Work may have waited for this client.
      context.wake.notify('dispatch');
      context.wake.notify('collect');
      return greeted.connection;
    },

    async heartbeat(clientId, body, connection = null) {
      const at = clock.now();
      if (!(await store.markHeartbeat(db, { clientId, connection }, at, body.eventLoopLagMs)))
        throw new Replaced();
      // One event for all clients: a thousand of them must not make consoles read without end.
      if (clock.elapsedMs() - heartbeatsToldAt < HEARTBEATS_TOLD_MS) return;
      heartbeatsToldAt = clock.elapsedMs();
      context.events.publish({ topic: 'clients', sysCode: null, ids: [], more: true });
    },
    answered: (clientId) => store.markAnswered(db, clientId, clock.now()),

    async disconnected(clientId, connection = null) {
      const sysCode = await store.markDisconnected(db, { clientId, connection }, context.nodeId, clock.now());
      if (sysCode !== null) changed(sysCode, clientId);
    },

    async list(filter, sessions, caller) {
      const [rows, leases] = await Promise.all([
        store.readClients(db, { sysCode: filter.sysCode, scope: caller.scope('view') }),
        store.readPlacesUsed(db),
      ]);
      const used = new Map(leases.map((lease) => [lease.client_id, Number(lease.used)]));
      const isConnected = connection(context, sessions);
      return rows
        .map((row) => clientView(row, isConnected(row), used.get(row.client_id) ?? 0))
        .filter((client) => filter.connected === undefined || client.connected === filter.connected)
        .sort((a, b) => Number(b.connected) - Number(a.connected));
    },

    async announced(sysCode) {
      return new Set((await store.readAnnouncedFixes(db, sysCode)).map((row) => row.fix_code));
    },
  };
}

/** This node knows its own connections; of another node's it believes the row, as long as it is fresh. */
function connection(context: Context, sessions: Sessions): (row: store.ClientRow) => boolean {
  const here = new Set(sessions.all().map((session) => session.clientId));
  const freshSince = context.clock.now().getTime() - FRESH_MS;
  return (row) => {
    if (here.has(row.client_id)) return true;
    if (row.node_id === context.nodeId || row.disconnected_at !== null) return false;
    return Math.max(row.connected_at.getTime(), row.last_heartbeat_at?.getTime() ?? 0) > freshSince;
  };
}

function clientView(row: store.ClientRow, connected: boolean, placesUsed: number): Client {
  const hello = helloSchema.parse(row.hello);
  return {
    clientId: row.client_id,
    sysCode: row.sys_code,
    application: hello.application,
    sdk: hello.sdk,
    host: hello.host,
    pid: hello.pid,
    connected,
    connectedAt: row.connected_at.toISOString(),
    // A node that died could not say when its clients went; the last that was heard of them is the best there is.
    disconnectedAt: connected
      ? null
      : (row.disconnected_at ?? row.last_heartbeat_at ?? row.connected_at).toISOString(),
    lastHeartbeatAt: row.last_heartbeat_at?.toISOString() ?? null,
    lastAnsweredAt: row.last_answered_at?.toISOString() ?? null,
    places: hello.places,
    placesUsed,
    eventLoopLagMs: row.event_loop_lag_ms,
    collectors: hello.collectors,
    fixes: hello.fixes,
  };
}
