/** Restarts one server after the other under load, from one build to the next and back again, and now and then a client. */
import { replaceProgram } from './upgrade.ts';
import { spread, type Story } from './story.ts';

const RESTART_MS = 9_000;

export function rollingStory(options: {
  readonly here: string;
  /** Folder of a build with a newer database. */
  readonly next: string;
  readonly restarts: number;
}): Story {
  const { here, next, restarts } = options;
  return {
    name: 'rolling',
    forMs: restarts * RESTART_MS,
    installation: { nodeSettings: { PICULUS_DRAIN_MS: '1500' } },
    async run({ cluster, history, random }) {
      const awayMs: number[] = [];
      let clients = 0;
      for (let restart = 0; restart < restarts; restart += 1) {
        const round = Math.floor(restart / cluster.nodes.length);
        const name = cluster.nodes[restart % cluster.nodes.length]?.name ?? '';
        const root = round % 2 === 0 ? next : here;
        awayMs.push(await replaceProgram({ cluster, history }, name, root));
        if (restart % cluster.nodes.length !== 0) continue;
        const client = cluster.clients[Math.floor(random() * cluster.clients.length)] ?? '';
        await replaceProgram({ cluster, history }, client, root);
        clients += 1;
      }
      return {
        done: {
          'restarted server': { planned: restarts, happened: awayMs.length },
          'restarted client': { planned: clients, happened: clients },
        },
        figures: { serverAwaySeconds: spread(awayMs) },
      };
    },
    async figures({ cluster }) {
      const admin = await cluster.postgres.admin('piculus');
      try {
        const { rows } = await admin.query<{ because: string; count: number }>(
          'select gone_because as because, count(*)::int as count from piculus.nodes where gone_at is not null group by 1',
        );
        return { nodesGone: Object.fromEntries(rows.map(({ because, count }) => [because, count])) };
      } finally {
        await admin.end();
      }
    },
  };
}
