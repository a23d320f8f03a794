/**
 * Servers are killed while they hold work whose client can go nowhere else, so that only the end of a lease frees it:
 * how long until another server has given it out again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { CLICKED_FIX } from '../people.ts';
import { type Scene, type Story, spread } from './story.ts';

/** Each of these servers has one client of its own; all others are at the third. */
const PAIRS = [
  { node: 'node-1', client: 'pbap-1' },
  { node: 'node-2', client: 'pbms-1' },
] as const;
const ELSEWHERE = { node: 'node-3', clients: ['pbap-2', 'pbms-2'] } as const;
/** Enough to do for a machine on which a server takes a minute to start. */
const ROUND_MS = 60_000;
const POLL_MS = 50;
const GIVE_UP_MS = 120_000;

interface Held {
  readonly nodeId: string;
  readonly problemIds: readonly string[];
}

interface TakenOver {
  readonly rescuedMs: number;
  readonly againMs: number;
}

export function takeOverStory(times: number): Story {
  const rounds = Math.ceil(times / PAIRS.length);
  return {
    name: 'take-over',
    forMs: rounds * ROUND_MS,
    // So little that the clients that are left have places free: what is measured is no queue.
    anomaliesPerMinute: 2,
    installation: {},
    async run(scene) {
      const { cluster } = scene;
      for (const client of ELSEWHERE.clients) cluster.keepTo(client, ELSEWHERE.node);
      for (const { node, client } of PAIRS) cluster.keepTo(client, node);
      for (const client of cluster.clients) cluster.links.get(client)?.cut();
      const admin = await cluster.postgres.admin('piculus');
      const taken: TakenOver[] = [];
      try {
        for (let round = 0; round < rounds; round += 1) {
          const measured = await Promise.all(PAIRS.map((pair) => killOne(scene, admin, pair)));
          taken.push(...measured.filter((one): one is TakenOver => one !== null));
        }
      } finally {
        await admin.end();
        for (const client of cluster.clients) cluster.keepTo(client, null);
      }
      return {
        done: { 'kill that was taken over': { planned: times, happened: taken.length } },
        figures: {
          leaseEndedSeconds: spread(taken.map(({ rescuedMs }) => rescuedMs)),
          givenOutAgainSeconds: spread(taken.map(({ againMs }) => againMs)),
        },
      };
    },
  };
}

/** @returns null where its client had nothing to do, or nobody took the work over. */
async function killOne(
  { cluster, history, random }: Scene,
  admin: pg.Client,
  { node, client }: (typeof PAIRS)[number],
): Promise<TakenOver | null> {
  const bank = cluster.arrows.get(`${client}>bank`);
  const pid = cluster.fleet.pidOf(client);
  if (bank === undefined || pid === null) return null;
  // Repairs of this client hang at the bank, so that it holds something whenever its server dies.
  bank.break({ kind: 'half-open' });
  try {
    await sleep(random() * 3_000);
    const held = await until(() => holding(admin, pid));
    if (held === null) return null;
    const killedAt = new Date();
    const program = await cluster.fleet.kill(node);
    const taken = await until(() => takenOver(admin, held, killedAt));
    history.tell('taken over', { node, problems: held.problemIds.length, ...(taken ?? { not: true }) });
    if (program !== null) await cluster.fleet.start(program);
    return taken;
  } finally {
    bank.heal();
  }
}

/** Problems that are given out at every tick until they are right, and are with that client now. */
async function holding(admin: pg.Client, pid: number): Promise<Held | null> {
  const { rows } = await admin.query<{ node_id: string; ids: string[] }>(
    `select l.node_id, array_agg(item.id::text) as ids
     from piculus.leases l
     join piculus.clients c on c.client_id = l.client_id
     cross join lateral unnest(l.problem_ids) as item(id)
     where (c.hello ->> 'pid')::int = $1 and c.disconnected_at is null and l.closed_at is null
       and l.fix_code <> $2 and item.id <> all (l.answered_ids) and l.leased_at > clock_timestamp() - interval '2 s'
     group by l.node_id`,
    [pid, CLICKED_FIX],
  );
  const [row] = rows;
  return row === undefined ? null : { nodeId: row.node_id, problemIds: row.ids };
}

/** Once all of them were given out again by another server: how long the last one took. */
async function takenOver(admin: pg.Client, held: Held, killedAt: Date): Promise<TakenOver | null> {
  const { rows } = await admin.query<{ rescued: number | null; again: number | null; missing: number }>(
    `select max(extract(epoch from rescued.at - $3::timestamptz) * 1000)::int as rescued,
       max(extract(epoch from again.at - $3::timestamptz) * 1000)::int as again,
       count(*) filter (where again.at is null)::int as missing
     from unnest($1::bigint[]) as held(id)
     left join lateral (select min(e.finished_at) as at from piculus.executions e
       where e.problem_id = held.id and e.outcome = 'unknown' and e.finished_at > $3) rescued on true
     left join lateral (select min(l.leased_at) as at from piculus.leases l
       where held.id = any (l.problem_ids) and l.leased_at > $3 and l.node_id <> $2) again on true`,
    [held.problemIds, held.nodeId, killedAt],
  );
  const [row] = rows;
  if (row === undefined || row.missing > 0 || row.again === null) return null;
  return { rescuedMs: row.rescued ?? 0, againMs: row.again };
}

async function until<T>(look: () => Promise<T | null>): Promise<T | null> {
  const end = Date.now() + GIVE_UP_MS;
  for (;;) {
    const found = await look();
    if (found !== null || Date.now() > end) return found;
    await sleep(POLL_MS);
  }
}
