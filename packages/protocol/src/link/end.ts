/**
 * One end of a link: messages over a carrier that may lose, repeat, reorder, alter and forge packets. What is
 * delivered is what the other end sent, in its order and once, up to the end of the link. A link repairs nothing:
 * where a packet stays away it ends, and the client opens another one and says again what was not acknowledged.
 * No I/O and no timer: the owner carries packets, tells the time and calls `tick`.
 */
import { LIMITS } from '../limits.ts';
import { type LinkSide, type Packet, readPacket, writePacket } from './packets.ts';

export interface LinkHooks {
  /** Hands a packet to the carrier. */
  transmit(packet: Uint8Array): void;
  /** A whole message came. May call any method of the end. */
  deliver(message: string): void;
  /** Called once, and nothing comes after it. */
  ended(ending: LinkEnding): void;
  /** Time in ms; only differences count. */
  nowMs(): number;
}

/**
 * `gap`: a packet stayed away; `silent`: nothing came; `too-large`: a message beyond what is read at all;
 * `broken-text`: a message that is no UTF-8; `false-sign`: an acknowledgement of what was never sent; `used-up`:
 * every place of the order was used.
 */
export type LinkFault = 'gap' | 'silent' | 'too-large' | 'broken-text' | 'false-sign' | 'used-up';
export type LinkEnding =
  | { readonly by: 'peer'; readonly reason: string }
  | { readonly by: 'self'; readonly reason: string }
  | { readonly by: 'fault'; readonly reason: LinkFault };

export interface LinkLimits {
  /** Packets that the other end has not taken. */
  readonly windowPackets: number;
  /** Bytes that the other end has not taken; one packet may always be on its way. */
  readonly windowBytes: number;
  /** A longer message goes in several packets, so that any carrier takes them. */
  readonly partBytes: number;
  /** A longer message ends the link; a little above the protocol's limit, so that the refusal can name it. */
  readonly messageBytes: number;
  /** How long a missing packet is waited for. */
  readonly gapMs: number;
  /** A sign of life goes out after so long without any packet. */
  readonly signMs: number;
  /** The link ends after so long without any packet of the other end. */
  readonly silentMs: number;
}

export const LINK_LIMITS: LinkLimits = {
  windowPackets: 64,
  windowBytes: 1_048_576,
  partBytes: 262_144,
  messageBytes: 2 * LIMITS.messageBytes,
  gapMs: 5_000,
  signMs: 1_500,
  silentMs: 6_000,
};

const NO_BYTES = new Uint8Array(0);
const SEQUENCE_MAX = 2 ** 32 - 1;

export interface LinkEndOptions {
  readonly key: Uint8Array;
  readonly side: LinkSide;
  readonly hooks: LinkHooks;
  readonly limits?: Partial<LinkLimits>;
}

export class LinkEnd {
  readonly #key: Uint8Array;
  readonly #side: LinkSide;
  readonly #peer: LinkSide;
  readonly #hooks: LinkHooks;
  readonly #limits: LinkLimits;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #open = true;
  #paused = false;
  #delivering = false;
  // Going out.
  readonly #queue: { readonly kind: 'part' | 'last'; readonly payload: Uint8Array }[] = [];
  /** Sizes of what is on its way, oldest first. */
  readonly #onTheWay: number[] = [];
  #queuedBytes = 0;
  #onTheWayBytes = 0;
  #sent = 0;
  #sentAt: number;
  // Coming in.
  readonly #early = new Map<number, Packet>();
  #earlyBytes = 0;
  #taken = 0;
  #told = 0;
  #untoldBytes = 0;
  /** The highest place that the other end is known to have used. */
  #known = 0;
  #gapSince: number | null = null;
  #heardAt: number;
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  /** Packets that the other end did not write for this link. */
  forged = 0;
  /** Packets that came before. */
  repeated = 0;

  constructor({ key, side, hooks, limits }: LinkEndOptions) {
    this.#key = key;
    this.#side = side;
    this.#peer = side === 'client' ? 'server' : 'client';
    this.#hooks = hooks;
    this.#limits = { ...LINK_LIMITS, ...limits };
    this.#sentAt = hooks.nowMs();
    this.#heardAt = this.#sentAt;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Bytes given to `send` that the other end has not taken. */
  get bufferedBytes(): number {
    return this.#queuedBytes + this.#onTheWayBytes;
  }

  /** @returns false where the link has ended, so that nothing of the message went out. */
  send(message: string): boolean {
    if (!this.#open) return false;
    const bytes = this.#encoder.encode(message);
    const { partBytes } = this.#limits;
    for (let at = 0; at === 0 || at < bytes.length; at += partBytes) {
      const kind = at + partBytes < bytes.length ? 'part' : 'last';
      this.#queue.push({ kind, payload: bytes.subarray(at, at + partBytes) });
    }
    this.#queuedBytes += bytes.length;
    this.#pump();
    return true;
  }

  /** Takes what the carrier brought, whatever it is. */
  receive(bytes: Uint8Array): void {
    if (!this.#open) return;
    const packet = readPacket(this.#key, this.#peer, bytes);
    // Left alone: anybody who may write to the carrier could end a link otherwise. What it replaced is missed soon.
    if (packet === null) this.forged += 1;
    else this.#receive(packet);
  }

  /** Delivers nothing until `resume`; the other end stops sending when its window is full. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    // What is being delivered goes on by itself.
    if (!this.#delivering) this.#deliver();
  }

  /** Says why and ends. What still waits for room is dropped. */
  close(reason: string): void {
    if (!this.#open) return;
    this.#transmit('close', this.#encoder.encode(reason));
    this.#end({ by: 'self', reason });
  }

  /** Ends without a word. */
  terminate(reason: string): void {
    this.#end({ by: 'self', reason });
  }

  /** To be called about every half second. */
  tick(): void {
    if (!this.#open) return;
    this.#watchGap();
    const now = this.#hooks.nowMs();
    const { gapMs, signMs, silentMs } = this.#limits;
    if (this.#gapSince !== null && now - this.#gapSince > gapMs) this.#fail('gap');
    else if (now - this.#heardAt > silentMs) this.#fail('silent');
    else if (now - this.#sentAt >= signMs) this.#sign();
  }

  #receive(packet: Packet): void {
    this.#heardAt = this.#hooks.nowMs();
    if (packet.acknowledged > this.#sent) {
      this.#fail('false-sign');
      return;
    }
    this.#acknowledged(packet.acknowledged);
    if (packet.kind === 'sign') this.#known = Math.max(this.#known, packet.sequence);
    else this.#keep(packet);
    if (!this.#delivering) this.#deliver();
    this.#watchGap();
  }

  #keep(packet: Packet): void {
    const { sequence } = packet;
    if (sequence <= this.#taken || this.#early.has(sequence)) this.repeated += 1;
    // The other end keeps to its window; one place more is for its `close`, and one packet may always be on its way.
    else if (sequence > this.#taken + this.#limits.windowPackets + 1 || this.#isTooMuch(packet))
      this.#fail('gap');
    else {
      this.#early.set(sequence, packet);
      this.#earlyBytes += packet.payload.length;
      this.#known = Math.max(this.#known, sequence);
    }
  }

  #isTooMuch({ payload }: Packet): boolean {
    const { windowBytes, partBytes } = this.#limits;
    return this.#earlyBytes > 0 && this.#earlyBytes + payload.length > windowBytes + partBytes;
  }

  #deliver(): void {
    this.#delivering = true;
    try {
      while (this.#open && !this.#paused) {
        const packet = this.#early.get(this.#taken + 1);
        if (packet === undefined) break;
        this.#early.delete(packet.sequence);
        this.#earlyBytes -= packet.payload.length;
        this.#taken = packet.sequence;
        this.#gapSince = null;
        this.#untoldBytes += packet.payload.length;
        this.#take(packet);
      }
    } finally {
      this.#delivering = false;
    }
    const { windowPackets, windowBytes } = this.#limits;
    if (this.#taken - this.#told >= windowPackets / 4 || this.#untoldBytes >= windowBytes / 4) this.#sign();
  }

  #take(packet: Packet): void {
    if (packet.kind === 'close') {
      this.#end({ by: 'peer', reason: Buffer.from(packet.payload).toString('utf8') });
      return;
    }
    this.#parts.push(packet.payload);
    this.#partsBytes += packet.payload.length;
    if (this.#partsBytes > this.#limits.messageBytes) this.#fail('too-large');
    else if (packet.kind === 'last') this.#message();
  }

  #message(): void {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partsBytes = 0;
    const message = this.#decode(bytes);
    if (message === null) this.#fail('broken-text');
    else this.#hooks.deliver(message);
  }

  #decode(bytes: Uint8Array): string | null {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      return null;
    }
  }

  /** A packet is missing where a later place is known and the next one is not here. */
  #watchGap(): void {
    const missing = this.#known > this.#taken && !this.#early.has(this.#taken + 1);
    if (!missing) this.#gapSince = null;
    else this.#gapSince ??= this.#hooks.nowMs();
  }

  #acknowledged(upTo: number): void {
    const first = this.#sent - this.#onTheWay.length;
    for (let sequence = first; sequence < upTo; sequence += 1) {
      this.#onTheWayBytes -= this.#onTheWay.shift() ?? 0;
    }
    this.#pump();
  }

  #pump(): void {
    const { windowPackets, windowBytes } = this.#limits;
    for (;;) {
      const [next] = this.#queue;
      if (next === undefined || !this.#open) return;
      const { length } = next.payload;
      const room =
        this.#onTheWay.length === 0 ||
        (this.#onTheWay.length < windowPackets && this.#onTheWayBytes + length <= windowBytes);
      if (!room) return;
      this.#queue.shift();
      this.#queuedBytes -= length;
      this.#onTheWay.push(length);
      this.#onTheWayBytes += length;
      this.#transmit(next.kind, next.payload);
    }
  }

  #sign(): void {
    if (this.#open) this.#write({ kind: 'sign', sequence: this.#sent, payload: NO_BYTES });
  }

  #transmit(kind: 'part' | 'last' | 'close', payload: Uint8Array): void {
    if (this.#sent < SEQUENCE_MAX) {
      this.#sent += 1;
      this.#write({ kind, sequence: this.#sent, payload });
    } else this.#end({ by: 'fault', reason: 'used-up' });
  }

  #write(packet: Omit<Packet, 'acknowledged'>): void {
    this.#told = this.#taken;
    this.#untoldBytes = 0;
    this.#sentAt = this.#hooks.nowMs();
    this.#hooks.transmit(writePacket(this.#key, this.#side, { ...packet, acknowledged: this.#taken }));
  }

  /** The other end is told, so that it does not wait; it may never hear of it. */
  #fail(reason: LinkFault): void {
    this.#transmit('close', this.#encoder.encode(reason));
    this.#end({ by: 'fault', reason });
  }

  #end(ending: LinkEnding): void {
    if (!this.#open) return;
    this.#open = false;
    this.#queue.length = 0;
    this.#onTheWay.length = 0;
    this.#queuedBytes = 0;
    this.#onTheWayBytes = 0;
    this.#early.clear();
    this.#earlyBytes = 0;
    this.#parts = [];
    this.#hooks.ended(ending);
  }
}
