/** Saved views: what a person filters by again and again, under a name, for oneself or for everybody. */
import { PiculusError } from '@piculus/protocol';
import { VIEW_PAGES, type View } from '@piculus/protocol/http';
import { inScope, type Scope } from '../base/access.ts';
import type { Context, Views } from '../base/services.ts';
import { storableText } from '../store/json.ts';
import { committed } from '../store/pool.ts';
import { countViews, deleteView, readViews, saveView, type ViewRow } from '../store/views.ts';
import { oneOf } from '../store/words.ts';

/** Views of one person: more would not be found again by their names. */
const VIEWS_PER_PERSON_MAX = 500;
/** The own ones and as many shared ones as a menu can still show. */
const VIEWS_SHOWN_MAX = 2_000;

export function createViews(context: Context): Views {
  const { db, clock } = context;
  return {
    list: async ({ page }, { actor, scope }) => {
      const view = scope('view');
      const rows = await readViews(db, { actor, page, limit: VIEWS_SHOWN_MAX });
      return rows.filter((row) => row.createdBy === actor || staysWithin(row.query, view)).map(asView);
    },
    create: async ({ page, name, query, shared }, { actor }) => {
      const view = { page, name: storableText(name), query: storableText(query), shared, createdBy: actor };
      const saved = await committed(context, 'act', async (tx) => {
        const row = await saveView(tx, { ...view, at: clock.now() });
        // Counted afterwards, so that replacing one of the last is not refused.
        if ((await countViews(tx, actor, VIEWS_PER_PERSON_MAX)) > VIEWS_PER_PERSON_MAX) throw tooMany();
        return row;
      });
      if (saved === null) throw new PiculusError('internal', 'the view was not saved');
      return asView(saved);
    },
    remove: async (id, { actor }) => {
      // Somebody else's view is told apart from none for nobody.
      await committed(context, 'act', async (tx) => {
        if (!(await deleteView(tx, id, actor))) throw new PiculusError('not-found');
      });
    },
  };
}

/** A view that somebody shared is not shown to who may not see a system that its filter names. */
function staysWithin(query: string, view: Scope): boolean {
  const named = new URLSearchParams(query).getAll('sysCode').flatMap((value) => value.split(','));
  return named.every((sysCode) => sysCode === '' || inScope(view, sysCode));
}

function tooMany(): PiculusError {
  const reason = {
    en: `you have ${VIEWS_PER_PERSON_MAX} views already; delete one first`,
    zh: `已有 ${VIEWS_PER_PERSON_MAX} 个视图，请先删除一个`,
  };
  return new PiculusError('invalid-field', undefined, [{ field: 'name', reason }]);
}

const asView = (row: ViewRow): View => ({ ...row, page: oneOf(VIEW_PAGES, row.page) });
