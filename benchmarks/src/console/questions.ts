/** What people ask the console, and what the answer must be like for the figure to count. */
import type { ApiClient } from '@piculus/protocol/http';
import { CLOSED, FIXES, RARE_SYSTEM, SYSTEMS } from './seed.ts';

export interface Question {
  readonly variant: string;
  /** @returns what is wrong with the answer, or null. */
  ask(api: ApiClient): Promise<string | null>;
}

const PAGE = 50;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

type Query = NonNullable<Parameters<ApiClient['listProblems']>[0]>['query'];

function listed(variant: string, query: () => Query, rows = PAGE): Question {
  return {
    variant,
    ask: async (api) => {
      const { items } = await api.listProblems({ query: { limit: PAGE, ...query() } });
      return items.length === rows ? null : `${variant}: ${items.length} rows instead of ${rows}`;
    },
  };
}

/** Cursors are ids; this one begins a page in the middle of the table. */
const cursorAt = (id: number): string => Buffer.from(String(id), 'latin1').toString('base64url');

/** @param stored how many problems there were before others arrived. */
export function questionsOf(stored: number): readonly Question[] {
  const [system = ''] = SYSTEMS;
  const [fix = ''] = FIXES;
  const day = (ago: number): string => new Date(Date.now() - ago * DAY_MS).toISOString();
  return [
    listed('first page', () => ({})),
    listed('deep page', () => ({ after: cursorAt(Math.ceil(stored / 10)) })),
    listed('filter: a common state', () => ({ state: ['fixed'] })),
    listed('filter: pending', () => ({ state: ['pending'] })),
    listed('filter: a rare state', () => ({ state: ['closed'] })),
    listed('filter: a state, deep', () => ({ state: ['pending'], after: cursorAt(Math.ceil(stored / 2)) })),
    listed('filter: executing', () => ({ state: ['executing'] }), 0),
    listed('filter: system and type', () => ({ sysCode: [system], fixCode: [fix], state: ['fixed'] })),
    listed('filter: a rare system', () => ({ sysCode: [RARE_SYSTEM.sysCode] }), RARE_SYSTEM.problems),
    listed('filter: scenario and state', () => ({ scenario: ['C7b'], state: ['pending'] })),
    listed('filter: an old day', () => ({ firstSeenFrom: day(60), firstSeenTo: day(59) })),
    listed('filter: why it waits', () => ({ waitReason: ['manual'] })),
    listed('work queue', () => ({ waitsForPerson: true })),
    {
      variant: 'count by state',
      ask: async (api) => {
        const { problems } = await api.countProblems({ query: { state: ['closed'] } });
        return problems === CLOSED ? null : `${problems} closed problems instead of ${CLOSED}`;
      },
    },
    {
      variant: 'count of all',
      ask: async (api) => {
        const { problems } = await api.countProblems({ query: {} });
        return problems >= stored ? null : `${problems} problems instead of at least ${stored}`;
      },
    },
    {
      variant: 'overview',
      ask: async (api) => {
        const { counts } = await api.getStats();
        const all = counts.reduce((sum, { problems }) => sum + problems, 0);
        return all >= stored ? null : `the overview counts ${all} problems instead of at least ${stored}`;
      },
    },
    {
      variant: 'figures of messages, a day',
      ask: async (api) => {
        // Each asks for another span, as people on several days do, so that no answer is remembered.
        const to = Date.now() - Math.floor(Math.random() * 12 * HOUR_MS);
        const query = { from: new Date(to - DAY_MS / 2).toISOString(), to: new Date(to).toISOString() };
        const { slots } = await api.getMessageStats({ query });
        return slots.some((slot) => slot.in > 0) ? null : 'no messages in half a day';
      },
    },
  ];
}

/** What other consoles often do instead, on the same table. */
export const OFFSET_PAGE = `select * from piculus.problems order by id desc offset $1 limit ${PAGE}`;
export const COUNT_ALL = `select count(*) from piculus.problems where state = 'closed'`;
