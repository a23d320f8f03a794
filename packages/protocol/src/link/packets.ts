/**
 * One packet of a link: `kind, sequence, acknowledged, MAC, payload`. The MAC covers all of it and the direction,
 * so that a packet cannot be altered, moved to another place, sent back or taken to another link.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Which end wrote the packet. */
export type LinkSide = 'client' | 'server';

export type PacketKind = 'part' | 'last' | 'sign' | 'close';

export interface Packet {
  /**
   * `part`: a piece of a message with more to come; `last`: the end of a message or a whole one; `sign`: of life and
   * of what was taken, without a place in the order; `close`: the last packet of its side.
   */
  readonly kind: PacketKind;
  /** Place in the order, from 1; of a `sign` the last place that was used. */
  readonly sequence: number;
  /** Everything up to here was taken. */
  readonly acknowledged: number;
  readonly payload: Uint8Array;
}

const FORM = 1;
const KINDS: readonly PacketKind[] = ['part', 'last', 'sign', 'close'];
const MAC_BYTES = 32;
/** Form, kind, sequence, acknowledged. */
const HEAD_BYTES = 10;
export const PACKET_HEAD_BYTES = HEAD_BYTES + MAC_BYTES;

export function writePacket(key: Uint8Array, from: LinkSide, packet: Packet): Uint8Array {
  const bytes = Buffer.alloc(PACKET_HEAD_BYTES + packet.payload.length);
  bytes.writeUInt8(FORM, 0);
  bytes.writeUInt8(KINDS.indexOf(packet.kind), 1);
  bytes.writeUInt32BE(packet.sequence, 2);
  bytes.writeUInt32BE(packet.acknowledged, 6);
  bytes.set(packet.payload, PACKET_HEAD_BYTES);
  bytes.set(macOf(key, from, bytes), HEAD_BYTES);
  return bytes;
}

/** @returns null where the bytes are not a packet that the other end wrote for this link. */
export function readPacket(key: Uint8Array, from: LinkSide, given: Uint8Array): Packet | null {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  if (bytes.length < PACKET_HEAD_BYTES || bytes.readUInt8(0) !== FORM) return null;
  const kind = KINDS[bytes.readUInt8(1)];
  const mac = bytes.subarray(HEAD_BYTES, PACKET_HEAD_BYTES);
  if (kind === undefined || !timingSafeEqual(mac, macOf(key, from, bytes))) return null;
  return {
    kind,
    sequence: bytes.readUInt32BE(2),
    acknowledged: bytes.readUInt32BE(6),
    payload: bytes.subarray(PACKET_HEAD_BYTES),
  };
}

function macOf(key: Uint8Array, from: LinkSide, bytes: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(from)
    .update(bytes.subarray(0, HEAD_BYTES))
    .update(bytes.subarray(PACKET_HEAD_BYTES))
    .digest();
}
