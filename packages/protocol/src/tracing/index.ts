/**
 * Names of traces. Both ends work them out from ids that the messages carry anyway, so that no field is added to a
 * message, any version of either end understands the other, and a trace goes on whichever node or client takes over.
 * Ids of collections, commands and leases are the server's own; nothing of a business record is in them.
 */
import { createHash } from 'node:crypto';

export interface TracePlace {
  /** 32 hexadecimal characters. */
  readonly traceId: string;
  /** 16 hexadecimal characters. */
  readonly spanId: string;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const spanOf = (text: string): string => digest(`piculus span ${text}`).slice(0, 16);

const traceOfCollection = (collectionId: string): string =>
  digest(`piculus trace collection ${collectionId}`).slice(0, 32);

/** The broadcast. */
export function collectionPlace(collectionId: string): TracePlace {
  return { traceId: traceOfCollection(collectionId), spanId: spanOf(`collection ${collectionId}`) };
}

/** One system's part of a broadcast, as one client took it. */
export function collectPlace(command: {
  readonly collectionId: string;
  readonly commandId: string;
  readonly epoch: number;
}): TracePlace {
  const { collectionId, commandId, epoch } = command;
  return { traceId: traceOfCollection(collectionId), spanId: spanOf(`collect ${commandId} ${epoch}`) };
}

/** A batch of repairs, from its claim on. */
export function leasePlace(leaseId: string): TracePlace {
  return {
    traceId: digest(`piculus trace lease ${leaseId}`).slice(0, 32),
    spanId: spanOf(`lease ${leaseId}`),
  };
}

/** As the header of HTTP has it. */
export const traceparentOf = ({ traceId, spanId }: TracePlace): string => `00-${traceId}-${spanId}-01`;
