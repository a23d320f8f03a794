/** The gauges of what this node is, looked at when somebody asks. */
import type pg from 'pg';
import type { Clock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import { VERSION } from '../base/version.ts';
import type { GatewayTransport } from '../gateway/transport.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { LiveRoutes } from '../http/live.ts';
import type { MessageLog } from '../messages/index.ts';
import type { Bus } from '../nodes/bus.ts';
import type { Readiness } from './readiness.ts';
import type { SetGauge } from './registry.ts';

export interface NodeParts {
  readonly pool: pg.Pool;
  readonly gateway: Gateway;
  readonly messages: MessageLog;
  readonly live: LiveRoutes;
  readonly readiness: Readiness;
  readonly transports: readonly GatewayTransport[];
  readonly bus: Bus;
  readonly clock: Clock;
}

export function addNodeGauges(
  metrics: Metrics,
  { pool, gateway, messages, live, readiness, transports, bus, clock }: NodeParts,
): void {
  metrics.gauges(['piculus_build_info'], (set) => {
    set('piculus_build_info', { version: VERSION, node_version: process.versions.node }, 1);
  });
  metrics.gauges(['piculus_ready'], async (set) => {
    for (const { name, ok } of await readiness.check()) set('piculus_ready', { check: name }, ok ? 1 : 0);
  });
  metrics.gauges(['piculus_database_connections', 'piculus_database_waiting'], (set) => {
    set('piculus_database_connections', { state: 'idle' }, pool.idleCount);
    set('piculus_database_connections', { state: 'busy' }, pool.totalCount - pool.idleCount);
    set('piculus_database_waiting', {}, pool.waitingCount);
  });
  metrics.gauges(['piculus_transport_ready', 'piculus_bus_ready'], (set) => {
    for (const { name, ready } of transports)
      set('piculus_transport_ready', { transport: name }, ready ? 1 : 0);
    set('piculus_bus_ready', { bus: bus.name }, bus.ready ? 1 : 0);
  });
  metrics.gauges(['piculus_clock_offset_seconds', 'piculus_clock_age_seconds'], (set) => {
    const standing = clock.standing?.();
    if (standing === undefined || standing.measuredAgoMs === null) return;
    set('piculus_clock_offset_seconds', {}, standing.offsetMs / 1_000);
    set('piculus_clock_age_seconds', {}, standing.measuredAgoMs / 1_000);
  });
  metrics.gauges(
    [
      'piculus_sessions',
      'piculus_places_free',
      'piculus_sessions_paused',
      'piculus_messages_unprocessed',
      'piculus_messages_unacknowledged',
    ],
    (set) => setSessions(set, gateway),
  );
  metrics.gauges(
    ['piculus_message_log_rows', 'piculus_message_log_dropped', 'piculus_live_readers'],
    (set) => {
      set('piculus_message_log_rows', {}, messages.buffered);
      set('piculus_message_log_dropped', {}, messages.dropped);
      set('piculus_live_readers', {}, live.readers);
    },
  );
}

function setSessions(set: SetGauge, gateway: Gateway): void {
  const systems = new Map<string, { sessions: number; places: number }>();
  const all = { paused: 0, unprocessed: 0, unacknowledged: 0 };
  for (const session of gateway.connections()) {
    all.paused += session.paused ? 1 : 0;
    all.unprocessed += session.unprocessed;
    all.unacknowledged += session.outbox.unacknowledged;
    if (session.state !== 'open') continue;
    const system = systems.get(session.sysCode) ?? { sessions: 0, places: 0 };
    system.sessions += 1;
    system.places += session.freePlaces;
    systems.set(session.sysCode, system);
  }
  for (const [sysCode, { sessions, places }] of systems) {
    set('piculus_sessions', { sys_code: sysCode }, sessions);
    set('piculus_places_free', { sys_code: sysCode }, places);
  }
  set('piculus_sessions_paused', {}, all.paused);
  set('piculus_messages_unprocessed', {}, all.unprocessed);
  set('piculus_messages_unacknowledged', {}, all.unacknowledged);
}
