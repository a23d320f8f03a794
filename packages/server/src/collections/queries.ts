/** Collections as the API shows them. */
import { COLLECT_STATES, feedReachSchema, PiculusError } from '@piculus/protocol';
import type { Collection, CollectCommandView } from '@piculus/protocol/http';
import { z } from 'zod';
import type { Collections, Page } from '../base/services.ts';
import { type CommandRow, readCommands } from '../store/collect-commands.ts';
import { type CollectionRow, listCollections, readCollection } from '../store/collections.ts';
import type { Executor } from '../store/database.ts';
import { oneOf } from '../store/words.ts';
import { collectionState } from './rules.ts';

const feedsSchema = z.array(feedReachSchema);
const CURSOR = /^[1-9][0-9]{0,18}$/;

/** @throws PiculusError `not-found`. */
export async function readCollectionView(db: Executor, id: string): Promise<Collection> {
  const row = await readCollection(db, id);
  if (!row) throw new PiculusError('not-found', `there is no collection ${id}`);
  return collectionView(row, await readCommands(db, [id]));
}

export async function listCollectionViews(
  db: Executor,
  query: Parameters<Collections['list']>[0],
): Promise<Page<Collection>> {
  const { limit, sysCode, state } = query;
  const rows = await listCollections(db, {
    before: cursor(query.after),
    limit: limit + 1,
    sysCode,
    states: state,
  });
  const page = rows.slice(0, limit);
  const commands =
    page.length === 0
      ? []
      : await readCommands(
          db,
          page.map(({ id }) => id),
        );
  return {
    items: page.map((row) =>
      collectionView(
        row,
        commands.filter((command) => command.collection_id === row.id),
      ),
    ),
    next: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
  };
}

function cursor(after: string | undefined): string | null {
  if (after === undefined) return null;
  if (CURSOR.test(after)) return after;
  const reason = { en: 'not a cursor that a page gave', zh: '不是有效的分页游标' };
  throw new PiculusError('invalid-field', undefined, [{ field: 'after', reason }]);
}

function collectionView(row: CollectionRow, commands: readonly CommandRow[]): Collection {
  const views = commands.map(commandView);
  return {
    id: row.id,
    trigger: oneOf(['click', 'cron'], row.trigger),
    requestedBy: row.requested_by,
    windowFrom: row.window_from.toISOString(),
    windowTo: row.window_to.toISOString(),
    state: collectionState(views.map(({ state }) => state)),
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    commands: views,
  };
}

/** One system's part of a collection. */
export function commandView(row: CommandRow): CollectCommandView {
  return {
    id: row.id,
    sysCode: row.sys_code,
    state: oneOf(COLLECT_STATES, row.state),
    clientId: row.client_id,
    epoch: row.epoch,
    fixCodes: row.fix_codes,
    rowsScanned: Number(row.rows_scanned),
    problemsReported: Number(row.problems_reported),
    problemsNew: Number(row.problems_new),
    feeds: feedsSchema.parse(row.feeds),
    reason: row.reason,
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
    clientVersion: row.client_version,
  };
}
