/** NATS for whoever uses it: everybody else starts without reading its library. */
import type { NatsConfig } from '../../config-nats.ts';
import type { GatewayTransport } from '../transport.ts';
import type { NatsReport } from './check.ts';
import type { NatsTransportOptions } from './index.ts';
import type { NatsConfigOrder, NatsConfigWritten } from './write-config.ts';

/** @returns a transport whose start throws a StartError where NATS answers and cannot be used. */
export async function createNatsTransport(options: NatsTransportOptions): Promise<GatewayTransport> {
  const nats = await import('./index.ts');
  return nats.createNatsTransport(options);
}

/** Makes the stream that the server would make. @throws StartError with the reason. */
export async function checkNats(config: NatsConfig): Promise<NatsReport> {
  const nats = await import('./check.ts');
  return nats.checkNats(config);
}

/** What is there already is kept, so that another system can be added without new keys for the others. */
export async function writeNatsConfig(order: NatsConfigOrder): Promise<NatsConfigWritten> {
  const nats = await import('./write-config.ts');
  return nats.writeNatsConfig(order);
}
