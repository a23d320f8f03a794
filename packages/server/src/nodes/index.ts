/** This node among others: the ones beside it, what it tells them, and how it leaves. */
import { hostname } from 'node:os';
import type { Node } from '@piculus/protocol/http';
import type { Context, Loop } from '../base/services.ts';
import { VERSION } from '../base/version.ts';
import type { LiveEventRing } from '../events/live-events.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { ServerKeys } from '../keys/index.ts';
import { readNodes } from '../store/nodes.ts';
import { type ClientsEverywhere, createClientsEverywhere } from './clients-everywhere.ts';
import { createDuties, type Duties } from './duties.ts';
import { createLiveRelay } from './live-relay.ts';
import { createNodeMail } from './mail.ts';
import { createRegistry, type NodeSelf, type Registry, type RegistryOptions } from './registry.ts';
import { createRevocations } from './revocations.ts';
import { secretPrint } from './sealing.ts';
import { nodeViews } from './views.ts';

export interface Nodes {
  /** What works in the background once the database is there. */
  readonly loops: readonly Loop[];
  readonly everywhere: ClientsEverywhere;
  readonly duties: Pick<Duties, 'has'>;
  /** Whether other nodes were at work when they were last looked for. */
  readonly hasOthers: boolean;
  /**
   * Takes its place among the others.
   * @throws PiculusError `wrong-state` where another node at work has another secret; `database-away`.
   */
  join(signal: AbortSignal): Promise<void>;
  /** Those at work, and those that went a while ago. */
  list(): Promise<Node[]>;
  /** Says that it takes no new work, and gives its duties up. */
  drain(): Promise<void>;
  /** Tells what is untold and says goodbye. */
  leave(): Promise<void>;
}

export interface NodesParts {
  readonly self: NodeSelf;
  readonly secret: string;
  readonly events: LiveEventRing;
  readonly gateway: Gateway;
  readonly keys: ServerKeys;
  /** Raw public key that signs checkpoints. */
  readonly auditKey: Buffer;
  /** Where it listens. */
  readonly address: () => string;
  /** Asks anew what the readers of live events may see. */
  readonly recheck: () => Promise<void>;
  /** True where the database can have one server only. */
  readonly alone: boolean;
  readonly registry?: Partial<RegistryOptions>;
}

/** With nobody beside it, a node's signs of life are for the record alone. */
const ALONE: Partial<RegistryOptions> = { beatMs: 10_000, goneMs: 60_000 };
/** A database that does not answer must not hold a stop back. */
const GOODBYE_MS_MAX = 2_000;

export function createNodes(context: Context, parts: NodesParts): Nodes {
  const { self, gateway, keys, events, alone } = parts;
  const secretMark = secretPrint(parts.secret);
  const auditKey = parts.auditKey.toString('hex').slice(0, 16);
  const mail = createNodeMail(context, parts.secret);
  const briefly = goodbyes(context);
  const hasOthers = (): boolean => !alone && registry.others.length > 0;
  const relay = createLiveRelay(context, { events, mail, hasOthers });
  const duties = createDuties(context);
  // Consoles show nodes beside clients.
  const changed = (): void => events.publish({ topic: 'clients', sysCode: null, ids: [], more: true });
  const registry: Registry = createRegistry(
    context,
    {
      self,
      alone,
      about: () => ({
        version: VERSION,
        host: hostname(),
        pid: process.pid,
        address: parts.address(),
        clients: gateway.all().length,
        secretPrint: secretMark,
        signingKey: keys.list().find(({ inUse }) => inUse)?.keyId ?? null,
        auditKey,
      }),
      news: {
        // Both come to another node at once, or to this one under its new name.
        died: () => {
          gateway.closeAll('stopping');
          events.forget();
        },
        cutOff: () => gateway.closeAll('stopping'),
        joined: () => relay.joined(),
        lost: (nodeIds) => relay.lost(nodeIds),
        changed,
      },
    },
    { ...(alone ? ALONE : {}), ...parts.registry },
  );
  const everywhere = createClientsEverywhere(context, {
    gateway,
    mail,
    hasOthers,
    told: {
      recheck: parts.recheck,
      keysChanged: async () => {
        await keys.refresh();
        gateway.announceKeys();
      },
    },
  });

  return {
    everywhere,
    duties,
    get hasOthers() {
      return hasOthers();
    },
    loops: [
      registry.loop,
      duties.loop,
      ...(alone ? [] : [...mail.loops, createRevocations(context, gateway)]),
    ],
    async join(signal) {
      await context.bus.start();
      await registry.join(signal);
      // Before the first rounds of those that work on duty only.
      await duties.loop.runOnce();
    },
    list: async () => nodeViews(await readNodes(context.db), self.id),
    drain: () => briefly('drain', Promise.all([registry.drain(), duties.free()])),
    async leave() {
      await briefly('live events', relay.stop());
      await briefly('goodbye', registry.leave());
      await context.bus.stop();
    },
  };
}

/** Runs what is told at the end: resolves when it is done, failed, or was waited for long enough. */
function goodbyes({ clock, log }: Context): (what: string, work: Promise<unknown>) => Promise<void> {
  return async (what, work) => {
    const done = new AbortController();
    const ended = work
      .catch((error: unknown) => log.warn({ err: error, what }, 'the other nodes could not be told'))
      .finally(() => done.abort());
    await Promise.race([ended, clock.sleep(GOODBYE_MS_MAX, done.signal)]);
  };
}
