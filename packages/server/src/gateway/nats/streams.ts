/** The streams and consumers that packets of links go through. All of it may vanish at any time and is made again. */
import {
  AckPolicy,
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import {
  NATS_PACKET_AGE_MS,
  NATS_STREAM_BYTES,
  NATS_UP_STREAM,
  natsDownStream,
  natsLinkConsumer,
  natsNodeConsumer,
  natsSubjects,
} from '@piculus/protocol/link';
import { nanos } from '@nats-io/transport-node';
import { type Line, NatsUnusable } from './line.ts';

const ACK_WAIT_MS = 30_000;
/** A consumer that nobody asks is of an end that is gone. */
const INACTIVE_MS = 60_000;
const LINK_ACK_PENDING_MAX = 64;
const NODE_ACK_PENDING_MAX = 1_000;
/** Codes of JetStream's API. */
const CODE = { nameInUse: 10058, notFound: 10059, storeTooSmall: new Set([10023, 10028, 10047]) } as const;

const streamOf = (
  name: string,
  subject: string,
  max_bytes: number,
): Partial<StreamConfig> & { name: string } => ({
  name,
  subjects: [subject],
  retention: RetentionPolicy.Workqueue,
  storage: StorageType.Memory,
  discard: DiscardPolicy.New,
  max_bytes,
  max_age: nanos(NATS_PACKET_AGE_MS),
});

export const ensureUpStream = (line: Line): Promise<void> =>
  ensure(line, streamOf(NATS_UP_STREAM, natsSubjects.up('*', '*', '*'), NATS_STREAM_BYTES.up));

export const ensureDownStream = (line: Line, sysCode: string): Promise<void> =>
  ensure(line, streamOf(natsDownStream(sysCode), natsSubjects.down(sysCode, '*'), NATS_STREAM_BYTES.down));

/**
 * Looked for first: to NATS one that is there counts twice when it is added again, and then it may have no room.
 * @throws NatsUnusable where NATS has no room for it.
 */
async function ensure(line: Line, config: Partial<StreamConfig> & { name: string }): Promise<void> {
  if (await isThere(line, config)) return;
  try {
    await line.manager.streams.add(config);
  } catch (error) {
    const code = apiCode(error);
    if (code === null || !(code === CODE.nameInUse || CODE.storeTooSmall.has(code))) throw error;
    // Another node was faster, or somebody made it with other settings.
    if (await isThere(line, config)) return;
    throw new NatsUnusable(
      `JetStream has no room for the stream ${config.name} of ${config.max_bytes} bytes; raise max_mem`,
    );
  }
}

/** Whether the stream is there; where its settings are others, they are changed. */
async function isThere(
  { manager }: Line,
  wanted: Partial<StreamConfig> & { name: string },
): Promise<boolean> {
  const { config } = await manager.streams.info(wanted.name).catch((error: unknown) => {
    if (apiCode(error) === CODE.notFound) return { config: null };
    throw error;
  });
  if (config === null) return false;
  const same =
    config.retention === wanted.retention &&
    config.storage === wanted.storage &&
    config.discard === wanted.discard &&
    config.max_bytes === wanted.max_bytes &&
    config.max_age === wanted.max_age &&
    config.subjects.join() === wanted.subjects?.join();
  if (!same) await manager.streams.update(wanted.name, wanted);
  return true;
}

export async function addLinkConsumer({ manager }: Line, sysCode: string, link: string): Promise<void> {
  await manager.consumers.add(natsDownStream(sysCode), {
    durable_name: natsLinkConsumer(link),
    filter_subject: natsSubjects.down(sysCode, link),
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: LINK_ACK_PENDING_MAX,
    inactive_threshold: nanos(INACTIVE_MS),
  });
}

export async function addNodeConsumer({ manager }: Line, node: string): Promise<void> {
  await manager.consumers.add(NATS_UP_STREAM, {
    durable_name: natsNodeConsumer(node),
    filter_subject: natsSubjects.up('*', node, '*'),
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: NODE_ACK_PENDING_MAX,
    inactive_threshold: nanos(INACTIVE_MS),
  });
}

/** What a link leaves behind would take room from others until it is too old. */
export async function removeLink({ manager }: Line, sysCode: string, link: string): Promise<void> {
  const stream = natsDownStream(sysCode);
  await manager.consumers.delete(stream, natsLinkConsumer(link));
  await manager.streams.purge(stream, { filter: natsSubjects.down(sysCode, link) });
}

/** As {@link removeLink}, of what was sent to a node that is gone. */
export async function removeNode({ manager }: Line, node: string): Promise<void> {
  await manager.consumers.delete(NATS_UP_STREAM, natsNodeConsumer(node));
  await manager.streams.purge(NATS_UP_STREAM, { filter: natsSubjects.up('*', node, '*') });
}

/** The number that JetStream's API gives an error; null where it is another one. */
export function apiCode(error: unknown): number | null {
  return error instanceof JetStreamApiError ? error.code : null;
}
