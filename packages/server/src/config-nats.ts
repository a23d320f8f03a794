/** The part of the configuration that is about NATS as a second way for clients. */
import type { ConfigReader } from './config-reader.ts';

export interface NatsConfig {
  /** Addresses of its servers. */
  readonly servers: readonly string[];
}

/** @returns null where clients come by WebSocket alone. */
export function readNats({ text }: ConfigReader): NatsConfig | null {
  const servers = text('PICULUS_NATS_URL');
  if (servers === null) return null;
  return { servers: servers.split(',').map((server) => server.trim()) };
}
