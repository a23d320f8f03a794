/** The link layer over a carrier that does what it likes with packets. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hashSystemKey,
  LINK_LIMITS,
  LINK_TOKEN,
  LinkEnd,
  type LinkEnding,
  type LinkLimits,
  linkKey,
  proveOpened,
  proveOpening,
  readPacket,
  sameProof,
  writePacket,
} from '../src/link/index.ts';

const KEY_HASH = hashSystemKey('pic_PBAP_0123456789012345678901234567890123456789012');
const opened = { sysCode: 'PBAP', link: 'aaaaaaaaaaaaaaaa', node: 'n'.repeat(16), nonce: 'x'.repeat(32) };
const KEY = linkKey(KEY_HASH, opened);
/** Small, so that the properties meet the edges. */
const SMALL: Partial<LinkLimits> = { windowPackets: 8, windowBytes: 64, partBytes: 10, messageBytes: 200 };

type Name = 'client' | 'server';

/** Two ends and everything that is on the way between them. */
class Wire {
  now = 0;
  readonly onTheWay: { to: Name; packet: Uint8Array }[] = [];
  readonly delivered: Record<Name, string[]> = { client: [], server: [] };
  readonly sent: Record<Name, string[]> = { client: [], server: [] };
  readonly endings: Partial<Record<Name, LinkEnding>> = {};
  readonly ends: Record<Name, LinkEnd>;

  constructor(key = KEY, limits = SMALL) {
    const end = (side: Name): LinkEnd =>
      new LinkEnd({
        key,
        side,
        limits,
        hooks: {
          transmit: (packet) => this.onTheWay.push({ to: other(side), packet }),
          deliver: (message) => this.delivered[side].push(message),
          ended: (ending) => {
            expect(this.endings[side]).toBeUndefined();
            this.endings[side] = ending;
          },
          nowMs: () => this.now,
        },
      });
    this.ends = { client: end('client'), server: end('server') };
  }

  send(from: Name, message: string): void {
    if (this.ends[from].send(message)) this.sent[from].push(message);
  }

  /** The carrier brings packets until there are none. */
  settle(): void {
    for (let next = this.onTheWay.shift(); next !== undefined; next = this.onTheWay.shift())
      this.ends[next.to].receive(next.packet);
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 500) {
      this.now += 500;
      this.ends.client.tick();
      this.ends.server.tick();
      this.settle();
    }
  }
}

const other = (side: Name): Name => (side === 'client' ? 'server' : 'client');
const side = fc.constantFrom<Name>('client', 'server');
const say = fc.record({ act: fc.constant('say' as const), side, message: fc.string({ maxLength: 40 }) });
const kind = fc.record({ act: fc.constantFrom('bring' as const, 'repeat' as const), at: fc.nat() });
const unkind = fc.record({
  act: fc.constantFrom('drop' as const, 'alter' as const, 'back' as const),
  at: fc.nat(),
});
const halt = fc.record({ act: fc.constantFrom('pause' as const, 'resume' as const), side });
type Value<A> = A extends fc.Arbitrary<infer V> ? V : never;
type Act = Value<typeof say | typeof kind | typeof unkind | typeof halt>;
type OnPacket = Value<typeof kind | typeof unkind>;

function perform(wire: Wire, act: Act): void {
  if (act.act === 'say') wire.send(act.side, act.message);
  else if ('at' in act) touch(wire, act);
  else wire.ends[act.side][act.act]();
}

function touch(wire: Wire, { act, at }: OnPacket): void {
  const index = wire.onTheWay.length === 0 ? -1 : at % wire.onTheWay.length;
  const found = wire.onTheWay[index];
  if (found === undefined) return;
  if (act !== 'repeat' && act !== 'back') wire.onTheWay.splice(index, 1);
  if (act === 'back') wire.ends[other(found.to)].receive(found.packet);
  else if (act === 'alter') wire.ends[found.to].receive(altered(found.packet, at));
  else if (act !== 'drop') wire.ends[found.to].receive(found.packet);
}

function altered(packet: Uint8Array, at: number): Uint8Array {
  const bytes = Uint8Array.from(packet);
  const place = at % bytes.length;
  bytes[place] = (bytes[place] ?? 0) ^ (1 << (at % 8));
  return bytes;
}

describe('a link', () => {
  test('delivers everything in order and once where packets are repeated and change places', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(say, kind, halt), { maxLength: 120 }), (acts) => {
        const wire = new Wire();
        for (const act of acts) perform(wire, act);
        wire.ends.client.resume();
        wire.ends.server.resume();
        wire.settle();
        wire.pass(2_000);
        expect(wire.endings).toEqual({});
        expect(wire.delivered.server).toEqual(wire.sent.client);
        expect(wire.delivered.client).toEqual(wire.sent.server);
        expect(wire.ends.client.bufferedBytes).toBe(0);
        expect(wire.ends.server.bufferedBytes).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  test('never delivers anything else, and ends soon where something is missing', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(say, kind, unkind, halt), { maxLength: 120 }), (acts) => {
        const wire = new Wire();
        for (const act of acts) perform(wire, act);
        for (const each of ['client', 'server'] as const) {
          const { length } = wire.delivered[each];
          expect(wire.delivered[each]).toEqual(wire.sent[other(each)].slice(0, length));
          wire.ends[each].resume();
        }
        wire.settle();
        wire.pass(LINK_LIMITS.gapMs + LINK_LIMITS.silentMs + 3_000);
        const complete =
          wire.delivered.server.length === wire.sent.client.length &&
          wire.delivered.client.length === wire.sent.server.length;
        expect(complete || Object.keys(wire.endings).length > 0).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('takes nothing of another link of the same client', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 30 }), { minLength: 1, maxLength: 20 }), (messages) => {
        const old = new Wire();
        for (const message of messages) old.send('client', message);
        const wire = new Wire(linkKey(KEY_HASH, { ...opened, nonce: 'y'.repeat(32) }));
        const packets = old.onTheWay.map(({ packet }) => packet);
        for (const packet of packets) wire.ends.server.receive(packet);
        expect(wire.delivered.server).toEqual([]);
        expect(wire.ends.server.forged).toBe(packets.length);
      }),
      { numRuns: 50 },
    );
  });

  test('a reader that stops stops the writer: no more than a window is on the way', () => {
    const wire = new Wire();
    wire.ends.server.pause();
    for (let index = 0; index < 500; index += 1) wire.send('client', `${index}`);
    const packets = wire.onTheWay.length;
    wire.settle();
    wire.pass(20_000);
    expect(packets).toBeLessThanOrEqual(8);
    expect(wire.delivered.server).toEqual([]);
    expect(wire.ends.client.bufferedBytes).toBeGreaterThan(500);
    wire.ends.server.resume();
    wire.settle();
    expect(wire.delivered.server).toEqual(wire.sent.client);
    expect(wire.endings).toEqual({});
  });

  test('an end that keeps to no window is not remembered for ever: the link ends', () => {
    const wire = new Wire();
    const early = (sequence: number): void =>
      wire.ends.server.receive(
        writePacket(KEY, 'client', { kind: 'part', sequence, acknowledged: 0, payload: new Uint8Array(40) }),
      );
    early(2);
    expect(wire.ends.server.open).toBe(true);
    early(3);
    expect(wire.endings.server).toEqual({ by: 'fault', reason: 'gap' });
  });

  test('an idle link stays open; a carrier that brings nothing any more ends it on both sides', () => {
    const wire = new Wire();
    wire.pass(60_000);
    expect(wire.endings).toEqual({});
    for (let passed = 0; passed < 7_000; passed += 500) {
      wire.now += 500;
      wire.ends.client.tick();
      wire.ends.server.tick();
    }
    expect(wire.endings).toEqual({
      client: { by: 'fault', reason: 'silent' },
      server: { by: 'fault', reason: 'silent' },
    });
  });

  test('the loss of the last packet is noticed too', () => {
    const wire = new Wire();
    wire.send('client', 'the last');
    wire.onTheWay.length = 0;
    wire.pass(LINK_LIMITS.gapMs + 3_000);
    expect(wire.endings.server).toEqual({ by: 'fault', reason: 'gap' });
  });

  test('a close tells its reason after everything that was sent', () => {
    const wire = new Wire();
    wire.send('server', 'one');
    wire.ends.server.close('stopping');
    expect(wire.ends.server.send('two')).toBe(false);
    wire.onTheWay.reverse();
    wire.settle();
    expect(wire.delivered.client).toEqual(['one']);
    expect(wire.endings).toEqual({
      client: { by: 'peer', reason: 'stopping' },
      server: { by: 'self', reason: 'stopping' },
    });
  });

  test('a message beyond every limit ends the link, and its parts are not kept', () => {
    const wire = new Wire();
    wire.send('client', 'x'.repeat(201));
    wire.settle();
    expect(wire.endings.server).toEqual({ by: 'fault', reason: 'too-large' });
    expect(wire.delivered.server).toEqual([]);
  });

  test('what is no UTF-8, and a sign for what was never sent, end the link', () => {
    const broken = new Wire();
    const packet = { kind: 'last' as const, sequence: 1, acknowledged: 0, payload: Uint8Array.of(0xff) };
    broken.ends.server.receive(writePacket(KEY, 'client', packet));
    expect(broken.endings.server).toEqual({ by: 'fault', reason: 'broken-text' });
    const early = new Wire();
    early.ends.server.receive(writePacket(KEY, 'client', { ...packet, acknowledged: 7 }));
    expect(early.endings.server).toEqual({ by: 'fault', reason: 'false-sign' });
  });

  test('a megabyte goes through in parts, with wide characters on their edges', () => {
    const wire = new Wire(KEY, {});
    const message = '错€a'.repeat(120_000);
    wire.send('client', message);
    const sizes = wire.onTheWay.map(({ packet }) => packet.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LINK_LIMITS.partBytes + 64);
    wire.settle();
    expect(wire.delivered.server).toEqual([message]);
  });
});

describe('packets and proofs', () => {
  test('a packet reads as it was written, and not with any bit changed', () => {
    const packet = fc.record({
      kind: fc.constantFrom('part' as const, 'last' as const, 'sign' as const, 'close' as const),
      sequence: fc.nat(),
      acknowledged: fc.nat(),
      payload: fc.uint8Array({ maxLength: 50 }),
    });
    fc.assert(
      fc.property(packet, fc.nat(), (written, place) => {
        const bytes = writePacket(KEY, 'client', written);
        const read = readPacket(KEY, 'client', bytes);
        expect(read && { ...read, payload: Uint8Array.from(read.payload) }).toEqual(written);
        expect(readPacket(KEY, 'server', bytes)).toBeNull();
        expect(readPacket(KEY, 'client', bytes.subarray(0, place % bytes.length))).toBeNull();
        expect(readPacket(KEY, 'client', altered(bytes, place))).toBeNull();
      }),
    );
  });

  test('every part of an opening changes its proof and the key of its link', () => {
    const opening = { sysCode: 'PBAP', link: opened.link };
    const proof = proveOpening(KEY_HASH, opening);
    expect(sameProof(proof, proveOpening(KEY_HASH, { ...opening }))).toBe(true);
    const others = [
      proveOpening(hashSystemKey('another'), opening),
      ...(['sysCode', 'link'] as const).map((field) => proveOpening(KEY_HASH, { ...opening, [field]: 'z' })),
    ];
    for (const each of others) expect(sameProof(proof, each)).toBe(false);
    expect(sameProof(proof, proof.slice(1))).toBe(false);
    const fields = ['sysCode', 'link', 'node', 'nonce'] as const;
    const answers = fields.map((field) => proveOpened(KEY_HASH, { ...opened, [field]: 'z' }));
    expect(new Set([proveOpened(KEY_HASH, opened), ...answers]).size).toBe(5);
    const keys = fields.map((field) => linkKey(KEY_HASH, { ...opened, [field]: 'z' }).toString('hex'));
    expect(new Set([KEY.toString('hex'), ...keys]).size).toBe(5);
    expect(LINK_TOKEN.test('a.b.c.d.e.f.g.h.i.j')).toBe(false);
  });
});
