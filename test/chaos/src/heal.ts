/** After the faults: everything is whole again, and all that was begun must come to its end by itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Cluster } from './cluster.ts';
import type { History } from './history.ts';

export interface Healing {
  /** From the end of the faults until nothing was open any more and a collect found nothing new; null: not in time. */
  readonly tookMs: number | null;
  readonly stillOpen: readonly string[];
}

const POLL_MS = 400;
const TELL_EVERY = 25;
/** Work that is not at its end. Bulk runs and collections end with what they hold. */
const OPEN = `
  select 'problem ' || id || ' is ' || state as line from piculus.problems where state not in ('fixed', 'cleared')
  union all select 'lease ' || id from piculus.leases where closed_at is null
  union all select 'click on ' || problem_id from piculus.run_requests
  union all select 'collect ' || id || ' is ' || state from piculus.collect_commands where finished_at is null`;

export async function waitUntilHealed(
  cluster: Cluster,
  admin: pg.Client,
  { withinMs, history }: { readonly withinMs: number; readonly history: History },
): Promise<Healing> {
  const from = Date.now();
  const end = AbortSignal.timeout(withinMs);
  while (!end.aborted) {
    const collected = await collectAll(cluster, admin, end);
    history.tell('collected everything', { ...collected });
    if (!collected.complete) {
      await sleep(POLL_MS);
      continue;
    }
    await waitUntilNothingIsOpen(admin, end, history);
    if (collected.reported === 0 && (await open(admin)).length === 0)
      return { tookMs: Date.now() - from, stillOpen: [] };
  }
  return { tookMs: null, stillOpen: await open(admin) };
}

interface Collected {
  readonly complete: boolean;
  readonly reported: number;
  readonly states: string;
}

/** One collect of both systems over their whole window. */
async function collectAll(cluster: Cluster, admin: pg.Client, end: AbortSignal): Promise<Collected> {
  const made = await cluster.people.patiently(
    (api, idempotencyKey) => api.startCollection({ body: {}, idempotencyKey }),
    end,
  );
  if (made === null) return { complete: false, reported: 0, states: 'not started' };
  for (;;) {
    const { rows } = await admin.query<{
      state: string;
      reported: number;
      ended: boolean;
      reason: string | null;
    }>(
      `select state, problems_reported::int as reported, finished_at is not null as ended, reason
       from piculus.collect_commands where collection_id = $1`,
      [made.id],
    );
    if (end.aborted || (rows.length > 0 && rows.every(({ ended }) => ended))) {
      return {
        complete: rows.length > 0 && rows.every(({ state }) => state === 'complete'),
        reported: rows.reduce((sum, { reported }) => sum + reported, 0),
        states: rows
          .map(({ state, reason }) => (reason === null ? state : `${state} (${reason})`))
          .join(', '),
      };
    }
    await sleep(POLL_MS);
  }
}

async function waitUntilNothingIsOpen(admin: pg.Client, end: AbortSignal, history: History): Promise<void> {
  for (let round = 1; !end.aborted; round += 1) {
    const left = await open(admin);
    if (left.length === 0) return;
    if (round % TELL_EVERY === 0)
      history.tell('still open', {
        count: left.length,
        some: left.slice(0, 3).join('; '),
        because: await reasons(admin),
      });
    await sleep(POLL_MS);
  }
}

/** Why work may wait: what stops a system, and ticks that lie in the future. */
async function reasons(admin: pg.Client): Promise<string> {
  const { rows } = await admin.query<{ line: string }>(
    `select 'halted: ' || to_jsonb(h)::text as line from piculus.halts h where ended_at is null
     union all select sys_code || ' ' || fix_code || ' ticks at ' || tick_at from piculus.solutions where tick_at > now() + interval '3 s'
     union all select state || ' after ' || coalesce(last_outcome, 'no try') || ': ' || coalesce(left(min(last_reason), 80), '-') || ' x ' || count(*)
       from piculus.problems where state not in ('fixed', 'cleared') group by state, last_outcome`,
  );
  return rows
    .slice(0, 6)
    .map(({ line }) => line)
    .join('; ')
    .slice(0, 800);
}

async function open(admin: pg.Client): Promise<string[]> {
  return (await admin.query<{ line: string }>(`${OPEN} limit 200`)).rows.map(({ line }) => line);
}
