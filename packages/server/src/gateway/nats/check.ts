/** Whether a NATS can be used as it is set up, without starting a server. */
import { systemClock } from '../../base/clock.ts';
import type { NatsConfig } from '../../config-nats.ts';
import { StartError } from '../../start-error.ts';
import { NatsUnusable, openLine, wordsOf } from './line.ts';
import { ensureUpStream } from './streams.ts';

export interface NatsReport {
  readonly version: string;
  readonly payloadBytesMax: number;
  readonly encrypted: boolean;
  readonly memoryBytesReserved: number;
}

/** Makes the stream that the server would make. @throws StartError with the reason. */
export async function checkNats(config: NatsConfig): Promise<NatsReport> {
  try {
    const line = await openLine(config, systemClock.uuid());
    try {
      await ensureUpStream(line);
      const account = await line.manager.getAccountInfo();
      const { info } = line.connection;
      return {
        version: info?.version ?? '',
        payloadBytesMax: info?.max_payload ?? 0,
        encrypted: config.tls !== null,
        memoryBytesReserved: account.reserved_memory ?? 0,
      };
    } finally {
      await line.connection.close();
    }
  } catch (error) {
    const words = error instanceof NatsUnusable ? error.message : wordsOf(error);
    throw new StartError('nats-unusable', `NATS: ${words}`);
  }
}
