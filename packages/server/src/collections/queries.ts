/** Collections as the API shows them. */
import { COLLECT_STATES, feedReachSchema, PiculusError } from '@piculus/protocol';
import type { Collection, CollectCommandView } from '@piculus/protocol/http';
import { z } from 'zod';
import type { Scope } from '../base/access.ts';
import type { Collections, Page } from '../base/services.ts';
import { type CommandRow, readCommands } from '../store/collect-commands.ts';
import { type CollectionRow, listCollections, readCollection } from '../store/collections.ts';
import type { Executor } from '../store/database.ts';
import { oneOf } from '../store/words.ts';
import { collectionState } from './rules.ts';

const feedsSchema = z.array(feedReachSchema);
const CURSOR = /^[1-9][0-9]{0,18}$/;

/** With the commands of these systems alone. @throws PiculusError `not-found` where it has none. */
export async function readCollectionView(db: Executor, id: string, scope: Scope): Promise<Collection> {
  const row = await readCollection(db, id, scope);
  if (!row) throw new PiculusError('not-found', `there is no collection ${id}`);
  return collectionView(row, await readCommands(db, [id], scope), scope);
}

export async function listCollectionViews(
  db: Executor,
  query: Parameters<Collections['list']>[0],
  scope: Scope,
): Promise<Page<Collection>> {
  const { limit, sysCode, state } = query;
  const rows = await listCollections(db, {
    before: cursor(query.after),
    limit: limit + 1,
    sysCode,
    states: state,
    scope,
  });
  const page = rows.slice(0, limit);
  const commands =
    page.length === 0
      ? []
      : await readCommands(
          db,
          page.map(({ id }) => id),
          scope,
        );
  return {
    items: page.map((row) =>
      collectionView(
        row,
        commands.filter((command) => command.collection_id === row.id),
        scope,
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

function collectionView(row: CollectionRow, commands: readonly CommandRow[], scope: Scope): Collection {
  const views = commands.map(commandView);
  const { from, to, finishedAt } = scope === 'all' ? wholeOf(row) : partOf(commands);
  return {
    id: row.id,
    trigger: oneOf(['click', 'cron'], row.trigger),
    requestedBy: row.requested_by,
    windowFrom: from.toISOString(),
    windowTo: to.toISOString(),
    state: collectionState(views.map(({ state }) => state)),
    createdAt: row.created_at.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
    commands: views,
  };
}

interface Extent {
  readonly from: Date;
  readonly to: Date;
  readonly finishedAt: Date | null;
}

const wholeOf = (row: CollectionRow): Extent => ({
  from: row.window_from,
  to: row.window_to,
  finishedAt: row.finished_at,
});

/** What the commands that somebody sees come to; the other systems' windows and ends are not theirs to know. */
function partOf(commands: readonly CommandRow[]): Extent {
  const times = (pick: (command: CommandRow) => Date | null): number[] =>
    commands.flatMap((command) => pick(command)?.getTime() ?? []);
  const ends = times((command) => command.finished_at);
  return {
    from: new Date(Math.min(...times((command) => command.window_from))),
    to: new Date(Math.max(...times((command) => command.window_to))),
    finishedAt: ends.length < commands.length ? null : new Date(Math.max(...ends)),
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
