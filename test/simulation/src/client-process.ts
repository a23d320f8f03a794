/** One process of the payment system with the client and all repairs in it: the real ones. */
import { type Client, ConnectRefused, createClient, type Transport } from '@piculus/client';
import { paymentRepairs, type RepairPolicy } from '@piculus/repairs';
import { clockOf } from './clock.ts';
import type { Net } from './net.ts';
import type { ServerEnd } from './server-end.ts';
import { journalFor } from './system/journal.ts';
import type { Lane } from './scheduler.ts';
import { MARK_MS, paymentSystemFor, type SystemParts } from './system/payment-system.ts';

export interface ClientParts extends SystemParts {
  readonly net: Net;
  readonly server: ServerEnd;
  readonly policy: RepairPolicy;
  readonly places: number;
  /** A command is begun so long after anything was heard of a server; null where its clock was set meanwhile. */
  begins(silentMs: number | null): void;
}

const CONNECT_MS = 3_000;

/** What has a mark of the fence must have given up well before the mark loses its force. */
const COMMAND_MS = MARK_MS - 30_000;

export function startClient(parts: ClientParts): Client {
  const { lane, policy, places, server, database } = parts;
  const heard = new Heard(lane);
  const client = createClient({
    url: 'ws://simulation',
    systemKey: 'simulated-key',
    serverKeys: server.serverKey,
    application: { name: 'simulation', version: '1' },
    fixes: paymentRepairs(paymentSystemFor(parts), policy),
    journal: journalFor(database, lane),
    places,
    commandMs: COMMAND_MS,
    reconnect: { refusedMs: 2_000, maxMs: 4_000 },
    clock: clockOf(lane),
    identity: { host: 'simulated', pid: 1 },
    lag: () => ({ readMs: () => 0, stop: () => undefined }),
    transport: transportFor(parts, heard),
    tracing: {
      span: (start, work) => {
        if (start.name === 'fix') {
          parts.begins(heard.silentMs());
          if (start.parent) server.begins?.(start.parent.spanId);
        }
        return work();
      },
    },
  });
  client.start();
  return client;
}

/** When this process heard of a server last, by a clock of its own that nobody sets. */
class Heard {
  readonly #lane: Lane;
  #atMs = 0;
  #skewMs = 0;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  now(): void {
    this.#atMs = this.#lane.scheduler.nowMs;
    this.#skewMs = this.#lane.skewMs;
  }

  silentMs(): number | null {
    return this.#skewMs === this.#lane.skewMs ? this.#lane.scheduler.nowMs - this.#atMs : null;
  }
}

function transportFor({ lane, net, server }: ClientParts, heard: Heard): Transport {
  return {
    connect: async (handlers) => {
      await lane.turn('connect', net.latency() * 2);
      const near = {
        lane,
        message: (frame: string) => {
          heard.now();
          handlers.message(frame);
        },
        closed: handlers.closed,
      };
      const wire = await server.connect(near, net);
      if (wire !== null) return wire;
      await new Promise<void>((resolve) => lane.scheduler.after(CONNECT_MS, lane, 'refused', resolve));
      throw new ConnectRefused('unreachable', 'nobody answers');
    },
  };
}
