/**
 * Every metric of the server, in one table: what has a row here is exported, and nothing else is. The page
 * docs/metrics.md, the dashboard and the alerts are compared with it. Labels take few values by design: codes of
 * systems and of fixes, words of the protocol, patterns of routes. Never a key, a client, a person or an amount.
 */
interface Spec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds in seconds; of histograms alone. */
  readonly buckets?: readonly number[];
}

/** From a statement to a round of a loop. */
const SHORT_S = [0.005, 0.02, 0.1, 0.5, 2, 10];
/** From a message to a batch of repairs. */
const LONG_S = [0.01, 0.05, 0.25, 1, 5, 15, 60];

const counter = <const L extends readonly string[]>(labels: L, help: string) =>
  ({ type: 'counter', labels, help }) as const;
const gauge = <const L extends readonly string[]>(labels: L, help: string) =>
  ({ type: 'gauge', labels, help }) as const;
const histogram = <const L extends readonly string[]>(
  labels: L,
  help: string,
  buckets: readonly number[] = SHORT_S,
) => ({ type: 'histogram', labels, help, buckets }) as const;

/** What this node does, counted as it happens. */
const EVENTS = {
  piculus_loop_round_seconds: histogram(['loop'], 'Rounds of the background loops'),
  piculus_loop_failures_total: counter(['loop'], 'Rounds of the background loops that failed'),
  piculus_loop_last_success_timestamp_seconds: gauge(['loop'], 'When a round of the loop last went well'),
  piculus_database_query_seconds: histogram([], 'Statements on the database'),
  piculus_database_connect_seconds: histogram([], 'Waits for a connection of the pool'),
  piculus_database_away_total: counter([], 'Statements and connects that found the database away'),
  piculus_http_request_seconds: histogram(['method', 'route'], 'Requests, by the pattern of their route'),
  piculus_http_responses_total: counter(['status'], 'Answers to requests, by status'),
  piculus_messages_received_total: counter(['type'], 'Messages of clients that were handled'),
  piculus_messages_refused_total: counter(['code'], 'Messages of clients that were refused'),
  piculus_messages_sent_total: counter(['type'], 'Messages to clients'),
  piculus_message_seconds: histogram(
    ['type'],
    'From the arrival of a message to its acknowledgement',
    LONG_S,
  ),
  piculus_acknowledgement_seconds: histogram([], 'From sending a message to its acknowledgement', LONG_S),
  piculus_messages_lost_total: counter([], 'Messages to clients that nobody acknowledged'),
  piculus_sessions_ended_total: counter(['reason'], 'Connections of clients that ended'),
  piculus_claim_seconds: histogram([], 'Claims of a batch of repairs'),
  piculus_claimed_total: counter(['sys_code', 'fix_code', 'trigger'], 'Problems handed to clients'),
  piculus_given_back_total: counter(['sys_code'], 'Batches that a client did not take'),
  piculus_executions_total: counter(['sys_code', 'fix_code', 'outcome'], 'Results of repairs'),
  piculus_lease_seconds: histogram([], 'From the claim of a batch to a result of it', LONG_S),
  piculus_leases_expired_total: counter([], 'Batches whose client was not heard of in time'),
  piculus_alarms_total: counter(['alarm'], 'Alarms that results carried'),
  piculus_problems_reported_total: counter(['sys_code', 'result'], 'Problems that clients reported'),
  piculus_nats_connects_total: counter(['result'], 'Connections to NATS that were opened, or could not be'),
  piculus_nats_publish_failures_total: counter(
    ['reason'],
    'Packets to clients that NATS did not take: full, timeout, lost',
  ),
  piculus_node_mail_seconds: histogram(
    [],
    'From the sending of what another node tells to its reading here',
    LONG_S,
  ),
  piculus_password_seconds: histogram([], 'Checks of passwords, with their wait for a processor'),
} satisfies Record<string, Spec>;

/** What this node is, looked at when it is asked. */
const NODE = {
  piculus_build_info: gauge(['version', 'node_version'], '1, with what runs'),
  piculus_ready: gauge(['check'], '1 where the check of the readiness holds'),
  piculus_database_connections: gauge(['state'], 'Connections of the pool'),
  piculus_database_waiting: gauge([], 'Callers that wait for a connection of the pool'),
  piculus_sessions: gauge(['sys_code'], 'Connected clients of this node'),
  piculus_sessions_paused: gauge([], 'Clients that are not read from, because their work is not stored yet'),
  piculus_messages_unprocessed: gauge([], 'Messages that were read and are not handled yet'),
  piculus_messages_unacknowledged: gauge([], 'Messages to clients that wait for an acknowledgement'),
  piculus_places_free: gauge(['sys_code'], 'Free places of the clients of this node'),
  piculus_message_log_rows: gauge([], 'Rows of the message log that are not written yet'),
  piculus_message_log_dropped: gauge([], 'Rows of the message log that were dropped since the start'),
  piculus_transport_ready: gauge(['transport'], '1 where clients can come in this way'),
  piculus_bus_ready: gauge(
    ['bus'],
    '1 where hints of other nodes come through; without them all waits for polls',
  ),
  piculus_clock_offset_seconds: gauge([], 'How far the clock of this machine is ahead of the database'),
  piculus_clock_age_seconds: gauge([], 'How long ago the time of the database was learned'),
  piculus_live_readers: gauge([], 'Consoles that read live events'),
  piculus_nats_links: gauge([], 'Clients of this node that came by NATS'),
  piculus_nats_stream_messages: gauge(['stream'], 'Packets in NATS that nobody acknowledged, of all nodes'),
  piculus_nats_stream_bytes: gauge(['stream'], 'What they take'),
  piculus_nats_stream_bytes_max: gauge(['stream'], 'What the stream may take'),
  piculus_nats_pending: gauge(['stream'], 'Packets in NATS that wait to be handed out'),
  piculus_nats_ack_pending: gauge(['stream'], 'Packets that NATS handed out, not acknowledged'),
} satisfies Record<string, Spec>;

/** What the database holds: the same on every node, read at most once in five seconds. */
const STATE = {
  piculus_state_up: gauge([], '1 where the figures of the database could be read'),
  piculus_state_seconds: gauge([], 'How long reading them took'),
  piculus_problems: gauge(['sys_code', 'state'], 'Problems'),
  piculus_problems_waiting: gauge(['reason'], 'Open problems, by what they wait for'),
  piculus_clicks_waiting: gauge(['sys_code'], 'Clicks that wait for a client or its answer'),
  piculus_oldest_click_seconds: gauge(['sys_code'], 'How long the oldest of them waits'),
  piculus_leases_open: gauge(['sys_code'], 'Batches that clients work on'),
  piculus_problems_executing: gauge(['sys_code'], 'Problems that clients work on'),
  piculus_oldest_lease_seconds: gauge(['sys_code'], 'How long the oldest batch is under way'),
  piculus_lease_overdue_seconds: gauge(['sys_code'], 'How long ago a lease ran out that nobody took over'),
  piculus_collect_commands: gauge(['sys_code', 'state'], 'Collect commands that have not ended'),
  piculus_oldest_collect_seconds: gauge(['sys_code', 'state'], 'How long ago the oldest of them was made'),
  piculus_ticks_open: gauge(['sys_code'], 'Ticks whose pass has not ended'),
  piculus_oldest_tick_seconds: gauge(['sys_code'], 'How long ago the oldest of them was due'),
  piculus_bulk_runs_open: gauge([], 'Runs of many problems that have not ended'),
  piculus_approvals_open: gauge([], 'Requests that wait for a second person'),
  piculus_oldest_approval_seconds: gauge([], 'How long the oldest of them waits'),
  piculus_halts_open: gauge(['kind'], 'What stands still'),
  piculus_clients: gauge(['sys_code'], 'Connected clients of all nodes'),
  piculus_nodes: gauge(['state'], 'Nodes; those that are gone for the hour after'),
  piculus_audit_rows_unchained: gauge(['source'], 'Ids of rows of the audit that no block covers yet'),
  piculus_audit_checkpoint_age_seconds: gauge([], 'Age of the newest signed checkpoint of the audit'),
} satisfies Record<string, Spec>;

export const METRICS = { ...EVENTS, ...NODE, ...STATE };

export type MetricTable = typeof METRICS;
export type MetricName = keyof MetricTable;
type OfType<T extends Spec['type']> = {
  [N in MetricName]: MetricTable[N]['type'] extends T ? N : never;
}[MetricName];
export type CounterName = OfType<'counter'>;
export type GaugeName = OfType<'gauge'>;
export type HistogramName = OfType<'histogram'>;
export type LabelsOf<N extends MetricName> = Readonly<Record<MetricTable[N]['labels'][number], string>>;
export type StateName = keyof typeof STATE;
export type EventName = keyof typeof EVENTS;

const namesOf = <T extends object>(table: T): readonly (keyof T)[] => Object.keys(table) as (keyof T)[];
export const METRIC_NAMES = namesOf(METRICS);
export const STATE_NAMES = namesOf(STATE);
