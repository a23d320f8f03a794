/** One node: the rooms, loops, gateway and clock of the real server, over the simulated database and net. */
import type { Context, Loop } from '@server/base/services.js';
import { contextOf } from '@server/base/context.js';
import { createWake } from '@server/base/wake.js';
import { createLiveEvents } from '@server/events/live-events.js';
import { createGateway, type Gateway } from '@server/gateway/gateway.js';
import type { Connection } from '@server/gateway/transport.js';
import type { Signer } from '@server/keys/signer.js';
import { createDisciplinedClock, createTimeKeeper, measureTime } from '@server/nodes/clock.js';
import { createNodeSelf, createRegistry, type NodeSelf } from '@server/nodes/registry.js';
import { createLoops, createRooms, type Rooms } from '@server/rooms.js';
import { nextConnection } from '@server/store/fencing.js';
import type { Tables } from '@server/store/tables.js';
import { pino } from 'pino';
import type { End, Net, Wire } from '../net.ts';
import type { Lane } from '../scheduler.ts';
import type { Engine } from '../store/index.ts';
import { serverClockOf } from './clock.ts';

export const LEASE_MS = 15_000;
const AGAIN_MS = 1_000;

export interface NodeParts {
  readonly lane: Lane;
  readonly engine: Engine;
  readonly signer: (now: () => Date) => Signer;
  readonly sysCode: string;
  /** Told of every message that is acknowledged, in the moment in which it is. */
  acknowledged(frame: string, ack: string): void;
  /** What a node writes to its log when something goes wrong. */
  logged(text: string): void;
}

export class ServerNode {
  readonly lane: Lane;
  rooms: Rooms | null = null;
  readonly #parts: NodeParts;
  #gateway: Gateway | null = null;
  #context: Context | null = null;

  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.lane = parts.lane;
  }

  /** Whether clients can come in. */
  get open(): boolean {
    return this.lane.state === 'up' && this.rooms !== null;
  }

  start(): void {
    const { engine, lane } = this.#parts;
    const store = engine.connect<Tables>({
      name: lane.name,
      turn: (kind, label) => lane.turn(`db ${kind} ${label.slice(0, 24)}`, 1),
    });
    lane.onKill(() => store.kill());
    const clock = createDisciplinedClock(serverClockOf(lane));
    const log = pino({ level: 'warn' }, { write: (line: string) => this.#parts.logged(line) });
    const self = createNodeSelf(() => clock.uuid());
    const made = contextOf({
      db: store.db,
      clock,
      log,
      nodeId: self.id,
      events: createLiveEvents(clock),
      wake: createWake(clock),
    });
    const context = Object.defineProperty(made, 'nodeId', { get: () => self.id, enumerable: true });
    void this.#bringUp(context, clock, self);
  }

  async #bringUp(
    context: Context,
    clock: ReturnType<typeof createDisciplinedClock>,
    self: NodeSelf,
  ): Promise<void> {
    const rooms = createRooms(context, { leaseMs: LEASE_MS });
    const signer = this.#parts.signer(() => clock.now());
    const gateway = createGateway(context, rooms, { leaseMs: LEASE_MS, signer });
    const registry = createRegistry(context, {
      self,
      alone: false,
      about: () => ({
        version: '1',
        host: 'simulated',
        pid: 1,
        address: this.lane.name,
        clients: gateway.all().length,
        secretPrint: 'same',
        signingKey: 'same',
        auditKey: 'same',
      }),
      news: {
        died: () => gateway.closeAll('stopping'),
        cutOff: () => gateway.closeAll('stopping'),
        joined: () => undefined,
        lost: () => undefined,
        changed: () => undefined,
      },
    });
    const never = new AbortController().signal;
    for (;;) {
      try {
        await measureTime(context, clock);
        await registry.join(never);
        break;
      } catch {
        // As the real one does while its database is away.
        await clock.sleep(AGAIN_MS, never);
      }
    }
    const loops: readonly Loop[] = [
      createTimeKeeper(context, clock),
      registry.loop,
      ...createLoops(context, rooms, gateway, {
        leaseMs: LEASE_MS,
        messageRetentionDays: 14,
        isCleaner: () => false,
        ackMs: () => 500,
      }),
    ];
    for (const loop of loops) loop.start();
    gateway.start();
    this.#gateway = gateway;
    this.#context = context;
    this.rooms = rooms;
  }

  /** A client comes in. Runs in this node's process. @returns null where it is not taken. */
  async admit(near: End, net: Net): Promise<Wire | null> {
    const [gateway, context] = [this.#gateway, this.#context];
    if (gateway === null || context === null) return null;
    const connection = await nextConnection(context.db);
    const peer = { sysCode: this.#parts.sysCode, keyId: '1', connection };
    const { wire } = net.connect(near, (far) => this.#accept(gateway, far, peer));
    return wire;
  }

  #accept(gateway: Gateway, wire: Wire, peer: { sysCode: string; keyId: string; connection: string }): End {
    const frames = new Map<string, string>();
    let gone = false;
    const held: string[] = [];
    let paused = false;
    const connection: Connection = {
      remoteAddress: '192.0.2.1',
      bufferedBytes: 0,
      send: (frame) => {
        if (gone) return false;
        const acknowledged = /"type":"ack","body":\{"re":"([^"]+)"/.exec(frame)?.[1];
        if (acknowledged !== undefined) {
          const said = frames.get(acknowledged);
          if (said !== undefined) this.#parts.acknowledged(said, acknowledged);
          frames.delete(acknowledged);
        }
        wire.send(frame);
        return true;
      },
      pause: () => {
        paused = true;
      },
      resume: () => {
        paused = false;
        for (const frame of held.splice(0)) listener.frame(frame);
      },
      close: (reason) => wire.close(reason),
      terminate: () => wire.close('terminated'),
    };
    const listener = gateway.accept(connection, peer);
    return {
      lane: this.lane,
      message: (frame) => {
        const id = /"id":"([^"]+)"/.exec(frame)?.[1];
        if (id !== undefined && /"type":"(fix-results|problems)"/.test(frame)) frames.set(id, frame);
        if (paused) held.push(frame);
        else listener.frame(frame);
      },
      closed: () => {
        gone = true;
        listener.closed();
      },
    };
  }
}
