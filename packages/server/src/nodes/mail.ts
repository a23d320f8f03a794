/**
 * Mail between nodes: rows in the database, read by polling. A row may be read late and may be missed by whoever was
 * away for a minute; it is read once at most. Kinds that a node does not know are ignored, so that nodes of two
 * versions can work side by side.
 */
import type { Context, Loop } from '../base/services.ts';
import { stepped } from '../base/steps.ts';
import { createLoop } from '../dispatch/loop.ts';
import * as store from '../store/node-messages.ts';
import { createMailSealing } from './sealing.ts';

/**
 * `live`: what changed; `ask` and `answer`: a question to a client of another node; `tell`: something to do at once that
 * the other would find out by itself a little later.
 */
export const MAIL_KINDS = ['live', 'ask', 'answer', 'tell'] as const;
export type MailKind = (typeof MAIL_KINDS)[number];

export interface NodeMail {
  /** Resolves once it is stored. @param to a node, or null for all others. */
  send(kind: MailKind, to: string | null, body: unknown): Promise<void>;
  /** One reader of each kind. It must not throw. */
  on(kind: MailKind, read: (from: string, body: unknown) => void): void;
  /** Told where mail may have been missed. */
  onMissed(fn: () => void): void;
  /** The reader and the one that deletes what is old. */
  readonly loops: readonly Loop[];
}

export interface MailOptions {
  readonly pollMs?: number;
  /** How long a row is kept. */
  readonly keptMs?: number;
  /** How long a row of a lower id may become visible after one of a higher id. */
  readonly settleMs?: number;
}

const ROWS_AT_ONCE = 500;
/** A node that was taken for dead begins anew under another name; rows under older ones are gone by then. */
const OWN_NAMES_MAX = 8;
const DELETED_AT_ONCE = 1_000;

export function createNodeMail(
  context: Context,
  secret: string,
  { pollMs = 1_000, keptMs = 60_000, settleMs = 10_000 }: MailOptions = {},
): NodeMail {
  const { clock, db, log } = context;
  const sealing = createMailSealing(secret, clock);
  const readers = new Map<string, (from: string, body: unknown) => void>();
  const missed: (() => void)[] = [];
  const isFresh = (sinceMs: number, limitMs: number): boolean => clock.elapsedMs() - sinceMs < limitMs;
  /** Everything up to here was read; above it, what is in `seen`. */
  let after: string | null = null;
  let seen: string[] = [];
  let names: readonly string[] = [];
  let readAt = 0;
  let settledAt = Number.NEGATIVE_INFINITY;

  function deliver(row: store.MailRow): void {
    const reader = readers.get(row.kind);
    if (reader === undefined) return;
    try {
      const address = { from: row.from_node, to: row.to_node, kind: row.kind };
      reader(row.from_node, sealing.unseal(address, row.body));
    } catch (error) {
      log.warn({ err: error, kind: row.kind, from: row.from_node }, 'what another node told cannot be read');
    }
  }

  const miss = (): void => {
    for (const fn of missed) fn();
  };

  /** This node's names, the latest last: what it told under another one is not told to itself. */
  function ownNames(): readonly string[] {
    const { nodeId } = context;
    if (names.at(-1) !== nodeId) names = [...names, nodeId].slice(-OWN_NAMES_MAX);
    return names;
  }

  async function settle(): Promise<void> {
    if (seen.length === 0 || isFresh(settledAt, settleMs / 2)) return;
    settledAt = clock.elapsedMs();
    const settled = BigInt(await store.readSettledMail(db, settleMs));
    if (settled <= BigInt(after ?? '0')) return;
    after = String(settled);
    seen = seen.filter((id) => BigInt(id) > settled);
  }

  async function read(): Promise<void> {
    if (after === null) {
      ownNames();
      after = await store.readMailHead(db);
      readAt = clock.elapsedMs();
      // Others may have known of this node, and told it something, before it began to read.
      miss();
      return;
    }
    // What came during a longer absence may be deleted by now.
    if (!isFresh(readAt, keptMs - settleMs)) {
      log.warn('mail of other nodes may have been missed');
      miss();
    }
    for (;;) {
      const asked = { nodeIds: ownNames(), after, seen, limit: ROWS_AT_ONCE };
      const rows = await store.readMail(db, asked);
      if (rows.length > 0) await context.steps.at('before mail read');
      for (const row of rows) {
        seen.push(row.id);
        context.metrics.observe('piculus_node_mail_seconds', {}, row.age_ms);
        deliver(row);
      }
      if (rows.length > 0) await context.steps.at('after mail read');
      if (rows.length < ROWS_AT_ONCE) break;
    }
    readAt = clock.elapsedMs();
    await settle();
  }

  return {
    async send(kind, to, body) {
      const address = { from: context.nodeId, to, kind };
      const mail = { ...address, body: sealing.seal(address, body) };
      await stepped(context.steps, 'mail insert', () => store.insertMail(db, mail));
      context.bus.notify('mail');
    },
    on: (kind, reader) => readers.set(kind, reader),
    onMissed: (fn) => missed.push(fn),
    loops: [
      createLoop({
        ...context,
        name: 'node-mail',
        wakeReason: 'mail',
        pollMs,
        delayMsMax: 1_000,
        work: read,
      }),
      createLoop({
        ...context,
        name: 'node-mail-cleaner',
        wakeReason: null,
        pollMs: Math.floor(keptMs / 4),
        work: async (signal) => {
          while (
            !signal.aborted &&
            (await store.deleteOldMail(db, keptMs, DELETED_AT_ONCE)) === DELETED_AT_ONCE
          );
        },
      }),
    ],
  };
}
