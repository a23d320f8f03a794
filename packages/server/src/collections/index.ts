/** The collections: broadcasts, their commands, and what clients answer. */
import type { Collections, Context } from '../base/services.ts';
import { stepped } from '../base/steps.ts';
import { renewCommands, returnCommand } from '../store/collect-commands.ts';
import { committed } from '../store/pool.ts';
import { cancelCollection, claimCommand, type LeaseOptions, startCollection } from './commands.ts';
import { listCollectionViews, readCollectionView } from './queries.ts';
import { createCollectSpans } from './spans.ts';
import { isRowId, storeDone, storeProgress, storeReport } from './reports.ts';

/** Heartbeats and reports renew it; a client that is silent for longer loses its collect. */
const LEASE_MS = 30_000;
/** Ids that one live event names. */
const EVENT_IDS_MAX = 100;

export function createCollections(context: Context, options: Partial<LeaseOptions> = {}): Collections {
  const { db, clock, events, wake } = context;
  const lease: LeaseOptions = { leaseMs: options.leaseMs ?? LEASE_MS };
  const changed = (sysCode: string, collectionId: string): void =>
    events.publish({ topic: 'collections', sysCode, ids: [collectionId], more: false });
  /** A broadcast changed as a whole: one event for all of its systems. */
  const changedIn = (systems: readonly string[], collectionId: string): void =>
    events.publish({ topic: 'collections', sysCode: null, systems, ids: [collectionId], more: false });

  const spans = createCollectSpans(context.tracing);

  return {
    async start(input, caller, trigger) {
      const id = await committed(context, 'act', (tx) =>
        startCollection(context, tx, input, caller, trigger),
      );
      const collection = await readCollectionView(db, id, caller.scope('view'));
      changedIn(
        collection.commands.map(({ sysCode }) => sysCode),
        id,
      );
      wake.notify('collect');
      spans.broadcast(id, collection.commands.length);
      return collection;
    },

    list: (query, caller) => listCollectionViews(db, query, caller.scope('view')),
    get: (id, caller) => readCollectionView(db, id, caller.scope('view')),

    async cancel(id, caller) {
      const { running, sysCodes } = await cancelCollection(context, id, caller);
      changedIn(sysCodes, id);
      return { collection: await readCollectionView(db, id, caller.scope('view')), running };
    },

    async claim(session) {
      const command = await claimCommand(context, session, lease);
      if (command) {
        changed(session.sysCode, command.collectionId);
        spans.claimed(session.sysCode, command);
      }
      return command;
    },

    giveBack: (commandId, epoch) =>
      stepped(context.steps, 'collect give back', () => returnCommand(db, commandId, epoch)),

    async report(session, body) {
      const { collectionId, ids, counts } = await storeReport(context, session, body, lease);
      for (const [result, by] of Object.entries(counts ?? {}))
        context.metrics.count('piculus_problems_reported_total', { sys_code: session.sysCode, result }, by);
      changed(session.sysCode, collectionId);
      spans.reported({ ...body, collectionId }, session.sysCode, body.problems.length);
      if (ids.length === 0) return collectionId;
      events.publish({
        topic: 'problems',
        sysCode: session.sysCode,
        ids: ids.slice(0, EVENT_IDS_MAX),
        more: ids.length > EVENT_IDS_MAX,
      });
      wake.notify('dispatch');
      return collectionId;
    },

    async progress(session, body) {
      const collectionId = await storeProgress(context, session, body, lease);
      changed(session.sysCode, collectionId);
      return collectionId;
    },

    async done(session, body) {
      const collectionId = await storeDone(context, session, body);
      changed(session.sysCode, collectionId);
      // The client is free for the next command.
      wake.notify('collect');
      return collectionId;
    },

    async renew(clientId, commandIds, connection = null) {
      const ids = commandIds.filter(isRowId);
      if (ids.length === 0) return;
      const expiresAt = new Date(clock.now().getTime() + lease.leaseMs);
      await renewCommands(db, { clientId, connection }, ids, expiresAt);
    },
  };
}
