/** NATS as a second way for clients to come in. */
import type { NatsConfig } from '../../config-nats.ts';
import { StartError } from '../../start-error.ts';
import type { GatewayTransport } from '../transport.ts';

/** @throws StartError: this build cannot speak to NATS yet. */
export function createNatsTransport(config: NatsConfig): GatewayTransport {
  throw new StartError(
    'nats-unusable',
    `PICULUS_NATS_URL names ${config.servers.length} servers, and this build cannot speak to NATS`,
  );
}
