/**
 * From an earlier build to this one under load, as an operator does it: clients and servers of both builds side by
 * side in every combination, nobody waiting for anybody.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.ts';
import type { Scene, Story, Told } from './story.ts';

/** A server ends within 25 s of being asked. */
const LEAVES_WITHIN_MS = 30_000;
const TOGETHER_MS = 15_000;
const SEEN_WITHIN_MS = 60_000;
const POLL_MS = 250;

interface Builds {
  /** Folder of the earlier build. */
  readonly before: string;
  /** Folder of the build that takes its place. */
  readonly after: string;
}

export function upgradeStory({ before, after }: Builds): Story {
  const oldClients = new Set<number>();
  return {
    name: 'upgrade',
    forMs: 150_000,
    installation: { root: before, standby: ['node-2', 'node-3'] },
    async run(scene): Promise<Told> {
      const { cluster, history } = scene;
      for (const client of cluster.clients) oldClients.add(cluster.fleet.pidOf(client) ?? 0);
      const replace = (name: string): Promise<number> => replaceProgram(scene, name, after);
      const worked = async (server: Build, client: Build): Promise<void> => {
        const since = new Date();
        const tookMs = await untilWorked(cluster, { since, server, client, oldClients });
        history.tell('executions', { server, client, firstAfterMs: tookMs ?? 'none' });
      };
      await worked('old', 'old');
      history.tell('a client of the new build comes to the old server');
      await replace('pbap-2');
      await worked('old', 'new');

      history.tell('a server of the new build starts beside the old one and brings the database up to date');
      const from = Date.now();
      await cluster.startNode('node-2', after);
      const startedMs = Date.now() - from;
      await worked('old', 'old');
      for (const client of ['pbap-1', 'pbms-2']) {
        cluster.keepTo(client, 'node-2');
        cluster.links.get(client)?.cut();
      }
      history.tell('old clients go over to the new server, others stay at the old one');
      await worked('new', 'old');
      await sleep(TOGETHER_MS);
      cluster.keepTo('pbap-1', null);
      cluster.keepTo('pbms-2', null);

      history.tell('the old server is asked to stop');
      const leftMs = await replace('node-1');
      await cluster.startNode('node-3', after);
      await worked('new', 'old');
      for (const client of ['pbms-2', 'pbap-1', 'pbms-1']) await replace(client);
      await worked('new', 'new');
      await sleep(TOGETHER_MS);
      return {
        done: {
          'upgraded server': { planned: 1, happened: 1 },
          'upgraded client': { planned: 4, happened: 4 },
        },
        figures: { newServerReadyMs: startedMs, oldServerGoneAndBackMs: leftMs },
      };
    },
    figures: async ({ cluster }) => ({ executionsByBuild: await executionsByBuild(cluster, oldClients) }),
  };
}

/** Asks a program to end and starts it from another build. @returns how long it was away, in ms. */
export async function replaceProgram(
  { cluster, history }: Pick<Scene, 'cluster' | 'history'>,
  name: string,
  root: string,
): Promise<number> {
  const from = Date.now();
  const program = await cluster.fleet.stop(name, LEAVES_WITHIN_MS);
  if (program === null) throw new Error(`${name} does not run`);
  const goneMs = Date.now() - from;
  await cluster.fleet.start({ ...program, root });
  history.tell('replaced', { name, goneAfterMs: goneMs, backAfterMs: Date.now() - from });
  return Date.now() - from;
}

type Build = 'old' | 'new';

/** An old server has no row among the nodes; an old client is known by its process. */
const BY_BUILD = `
  select case when n.node_id is null then 'old' else 'new' end as server,
    case when (c.hello ->> 'pid')::int = any($1::int[]) then 'old' else 'new' end as client,
    count(*)::int as executions
  from piculus.executions e
  join piculus.leases l on l.id = e.lease_id
  join piculus.clients c on c.client_id = e.client_id
  left join NODES n on n.node_id = l.node_id
  where e.finished_at > $2 group by 1, 2`;

interface Counted {
  readonly server: Build;
  readonly client: Build;
  readonly executions: number;
}

async function count(cluster: Cluster, oldClients: ReadonlySet<number>, since: Date): Promise<Counted[]> {
  const admin = await cluster.postgres.admin('piculus');
  try {
    const { rows } = await admin.query<{ known: boolean }>(
      `select to_regclass('piculus.nodes') is not null as known`,
    );
    const nodes = rows[0]?.known === true ? 'piculus.nodes' : `(select null::text as node_id where false)`;
    return (await admin.query<Counted>(BY_BUILD.replace('NODES', nodes), [[...oldClients], since])).rows;
  } finally {
    await admin.end();
  }
}

/** @returns how long until there was one; null where there was none in a minute. */
async function untilWorked(
  cluster: Cluster,
  want: { since: Date; server: Build; client: Build; oldClients: ReadonlySet<number> },
): Promise<number | null> {
  const from = Date.now();
  while (Date.now() - from < SEEN_WITHIN_MS) {
    const counted = await count(cluster, want.oldClients, want.since);
    if (counted.some(({ server, client }) => server === want.server && client === want.client))
      return Date.now() - from;
    await sleep(POLL_MS);
  }
  return null;
}

async function executionsByBuild(
  cluster: Cluster,
  oldClients: ReadonlySet<number>,
): Promise<Readonly<Record<string, number>>> {
  const counted = await count(cluster, oldClients, new Date(0));
  return Object.fromEntries(
    counted.map(({ server, client, executions }) => [`${client} client, ${server} server`, executions]),
  );
}
