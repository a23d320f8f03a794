/** Puts the pieces of a message over NATS together again, to see what was acknowledged. Nothing is checked here. */

/** Form, kind, sequence, acknowledged, MAC; then the payload. As in docs/protocol.md. */
const HEAD_BYTES = 42;
const PART = 0;
const LAST = 1;
const KEPT = 2_000;

export class Pieces {
  readonly #parts = new Map<string, Buffer>();

  /** @returns the text of a message where this packet is its last piece and the others were seen; else null. */
  add(subject: string, packet: Buffer): string | null {
    if (packet.length < HEAD_BYTES || packet.readUInt8(0) !== 1) return null;
    const kind = packet.readUInt8(1);
    const sequence = packet.readUInt32BE(2);
    const payload = packet.subarray(HEAD_BYTES);
    if (kind === PART) {
      this.#keep(`${subject} ${sequence}`, payload);
      return null;
    }
    if (kind !== LAST) return null;
    const pieces = [payload];
    for (let before = sequence - 1; before > 0; before -= 1) {
      const piece = this.#parts.get(`${subject} ${before}`);
      if (piece === undefined) break;
      pieces.unshift(piece);
    }
    return Buffer.concat(pieces).toString('utf8');
  }

  #keep(key: string, payload: Buffer): void {
    this.#parts.set(key, payload);
    const oldest = this.#parts.size > KEPT ? this.#parts.keys().next().value : undefined;
    if (oldest !== undefined) this.#parts.delete(oldest);
  }
}
