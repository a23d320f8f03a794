/**
 * The nodes on this database as one of them sees it: says that it lives, sees who else does, and marks whoever was
 * silent for too long as gone. A node that was taken for dead while it was frozen begins anew under another id.
 */
import { PiculusError } from '@piculus/protocol';
import type { Context, Loop } from '../base/services.ts';
import { createLoop } from '../dispatch/loop.ts';
import * as store from '../store/nodes.ts';
import { differencesOf } from './views.ts';

/** What all nodes must have alike, and what is told of this one. */
export interface NodeAbout {
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  readonly address: string;
  readonly clients: number;
  readonly secretPrint: string;
  readonly signingKey: string | null;
  readonly auditKey: string;
}

/** What happened to this node or others. None of these may throw. */
export interface NodeNews {
  /** The others had taken this node for dead; it goes on under a new id. */
  died(): void;
  /** The database is away from here, and other nodes were at work when it was last there. */
  cutOff(): void;
  /** Others came to work. */
  joined(nodeIds: readonly string[]): void;
  /** These ended without a goodbye. */
  lost(nodeIds: readonly string[]): void;
  /** Others came, began to leave, left or were lost. */
  changed(): void;
}

export interface RegistryOptions {
  readonly beatMs: number;
  /** A node that was silent for this long is gone. */
  readonly goneMs: number;
  /** A node that was without its database for this long lets its clients go where there are other nodes. */
  readonly awayMs: number;
}

export const REGISTRY: RegistryOptions = { beatMs: 2_000, goneMs: 15_000, awayMs: 5_000 };
const FORGOTTEN_MS = 3_600_000;

export interface Registry {
  readonly loop: Loop;
  /** The other nodes at work, as last read. */
  readonly others: readonly store.NodeRow[];
  /**
   * The first sign of life.
   * @throws PiculusError `wrong-state` where a node at work has another secret.
   */
  join(signal: AbortSignal): Promise<void>;
  /** Says that this node takes no new work. */
  drain(): Promise<void>;
  /** Says goodbye. */
  leave(): Promise<void>;
}

/** The id of this life of the process. */
export interface NodeSelf {
  readonly id: string;
  renew(): void;
}

export function createNodeSelf(uuid: () => string): NodeSelf {
  let id = uuid();
  return {
    get id() {
      return id;
    },
    renew: () => {
      id = uuid();
    },
  };
}

export interface RegistryParts {
  readonly self: NodeSelf;
  readonly about: () => NodeAbout;
  readonly news: NodeNews;
  /** True where the database can have one server only. */
  readonly alone?: boolean;
}

export function createRegistry(
  context: Context,
  { self, about, news, alone = false }: RegistryParts,
  change: Partial<RegistryOptions> = {},
): Registry {
  const { clock, db, log } = context;
  const { beatMs, goneMs, awayMs } = { ...REGISTRY, ...change };
  const complained = new Set<string>();
  let state: 'working' | 'draining' = 'working';
  let others: readonly store.NodeRow[] = [];
  let failingSince: number | null = null;
  let isCutOff = false;
  let left = false;
  let lastSign: Promise<unknown> = Promise.resolve();

  /** One after the other, and none after the goodbye: the others would believe it for as long as a node may be silent. */
  function sign(): Promise<boolean> {
    const turn = lastSign.then(() => {
      if (left) return true;
      return store.beat(db, { ...about(), nodeId: self.id, state }, beatMs * 2 + Math.min(1_000, beatMs));
    });
    lastSign = turn.catch(() => {});
    return turn;
  }
  const isAlive = (row: store.NodeRow): boolean =>
    row.node_id !== self.id && row.state !== 'gone' && row.silent_ms < goneMs;

  function look(rows: readonly store.NodeRow[]): void {
    const before = new Set(others.map(({ node_id }) => node_id));
    const standing = standingOf(others);
    others = rows.filter(isAlive);
    const joined = others.filter(({ node_id }) => !before.has(node_id)).map(({ node_id }) => node_id);
    const lost = rows.filter(({ node_id, gone_because }) => before.has(node_id) && gone_because === 'silent');
    if (joined.length > 0) news.joined(joined);
    if (lost.length > 0) news.lost(lost.map(({ node_id }) => node_id));
    if (standingOf(others) !== standing) news.changed();
    for (const row of others) complain(row);
  }

  function complain(row: store.NodeRow): void {
    const own = about();
    const marks = { secret_print: own.secretPrint, signing_key: own.signingKey, audit_key: own.auditKey };
    const differ = differencesOf(row, marks);
    const what = `${row.node_id} ${differ.join()}`;
    // A change of the signing key reaches the nodes one after the other.
    if (differ.length === 0 || (differ.join() === 'signing-key' && !complained.has(`${what} once`))) {
      if (differ.length > 0) complained.add(`${what} once`);
      return;
    }
    if (complained.has(what)) return;
    complained.add(what);
    log.error(
      { node: nameOf(row), differ },
      'another node has other keys than this one; give all nodes the same',
    );
  }

  async function retire(): Promise<void> {
    const { nodeIds, clients } = await store.retireSilentNodes(db, { nodeId: self.id, silentMs: goneMs });
    if (nodeIds.length === 0) return;
    log.warn({ nodeIds, clients: clients.length }, 'nodes were silent for too long and count as gone');
    for (const sysCode of new Set(clients.map(({ sys_code }) => sys_code))) {
      const ids = clients.filter(({ sys_code }) => sys_code === sysCode).map(({ client_id }) => client_id);
      context.events.publish({ topic: 'clients', sysCode, ids, more: false });
    }
    context.wake.notify('dispatch');
    context.wake.notify('collect');
  }

  async function round(): Promise<void> {
    if (left) return;
    if (!(await sign())) {
      // Told so by its own goodbye.
      if (left) return;
      log.error({ nodeId: self.id }, 'the other nodes took this one for dead; it begins anew');
      self.renew();
      news.died();
      await sign();
    }
    // Retiring first, so that what is read next says it already.
    await retire();
    look(await store.readNodes(db));
    await store.deleteGoneNodes(db, FORGOTTEN_MS);
    failingSince = null;
    isCutOff = false;
  }

  function cutOff(): void {
    if (isCutOff || others.length === 0) return;
    isCutOff = true;
    log.error('the database is away from this node; its clients are sent to the others');
    news.cutOff();
  }

  async function watched(): Promise<void> {
    const ended = new AbortController();
    const beganAt = clock.elapsedMs();
    const waited = Math.max(0, awayMs - (beganAt - (failingSince ?? beganAt)));
    // A statement may hang for longer than anybody waits.
    const late = clock.sleep(waited, ended.signal).then(() => {
      if (!ended.signal.aborted) cutOff();
    });
    try {
      await round();
    } catch (error) {
      // Counted from the first failure: a process that was frozen finds its last good round long ago.
      failingSince ??= beganAt;
      if (clock.elapsedMs() - failingSince >= awayMs) cutOff();
      throw error;
    } finally {
      ended.abort();
      await late;
    }
  }

  /** Waits until it is certain whether nodes with another secret are at work. @returns one that is. */
  async function findStranger(signal: AbortSignal): Promise<store.NodeRow | null> {
    const first = new Map<string, number>();
    const own = about().secretPrint;
    for (;;) {
      const strangers = (await store.readNodes(db)).filter((row) => isAlive(row) && row.secret_print !== own);
      // One that was killed looks alive for a while; one that is alive gives another sign of it.
      const alive = strangers.find((row) => row.seen_at.getTime() > (first.get(row.node_id) ?? Infinity));
      if (alive !== undefined || strangers.length === 0) return alive ?? null;
      for (const row of strangers) if (!first.has(row.node_id)) first.set(row.node_id, row.seen_at.getTime());
      await clock.sleep(beatMs / 4, signal);
      signal.throwIfAborted();
    }
  }

  return {
    get others() {
      return others;
    },
    loop: createLoop({
      ...context,
      name: 'nodes',
      wakeReason: null,
      pollMs: beatMs,
      delayMsMax: 1_000,
      work: watched,
    }),
    async join(signal) {
      const stranger = alone ? null : await findStranger(signal);
      if (stranger !== null)
        throw new PiculusError(
          'wrong-state',
          `another server at work on this database has another secret: ${nameOf(stranger)}; give all of them the same PICULUS_SECRET`,
        );
      await round();
    },
    async drain() {
      state = 'draining';
      await sign();
    },
    async leave() {
      left = true;
      // A sign on its way may not be stored yet, and would be after the goodbye.
      await lastSign;
      await store.leave(db, self.id);
    },
  };
}

function standingOf(rows: readonly store.NodeRow[]): string {
  return rows.map(({ node_id, state }) => `${node_id} ${state}`).join();
}

function nameOf(row: store.NodeRow): string {
  return `${row.host} (process ${row.pid}, ${row.address})`;
}
