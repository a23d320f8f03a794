export { type Client, createClient } from './client.ts';
export { type Clock, systemClock } from './clock.ts';
export type { ReconnectOptions } from './connection/connection.ts';
export { ConnectRefused, type Link, type LinkHandlers, type Transport } from './connection/transport.ts';
export { type WebSocketOptions, webSocketTransport } from './connection/websocket.ts';
export type { ClientEvent, ClientListener, ClientState } from './events.ts';
export * from './fix.ts';
export * from './journal/journal.ts';
export {
  type PostgresJournal,
  type PostgresJournalOptions,
  postgresJournal,
  type Queryable,
} from './journal/postgres.ts';
export { type Logger, silentLogger } from './logger.ts';
export type { PersonalFields } from './masking/facts.ts';
export type { ClientOptions, FixPair } from './options.ts';
export type { SpanStart, Tracing } from './tracing/tracing.ts';
