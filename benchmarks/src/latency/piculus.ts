/** Piculus asked to repair: a click over the HTTP API, until its execution can be read. */
import type { CellContext } from '../cell.ts';
import { withClient } from '../support/databases.ts';
import { startServer } from '../support/stage.ts';
import { whatIsNotStored } from '../work/stored.ts';
import { WorkSystem } from '../work/system.ts';
import type { Asked } from './load.ts';
import { Sightings } from './sightings.ts';

const PLACES = 1_000;

export interface Measured extends Asked {
  /** @returns what was not done as it should have been. */
  check(): Promise<readonly string[]>;
}

/** @param asks that will be made at most: so many problems wait for their click. */
export async function openPiculus(context: CellContext, asks: number): Promise<Measured> {
  const server = await startServer(context);
  const system = await WorkSystem.make(server, { mode: 'manual' });
  await system.connect(context, { clients: 1, places: PLACES });
  await system.ingest({ tasks: asks, failEvery: 0 });
  const waiting = await withClient(server.databaseUrl, async (db) => {
    const { rows } = await db.query<{ id: string }>('select id from piculus.problems order by id');
    return rows.map(({ id }) => id);
  });
  const sightings = await Sightings.open(
    server.databaseUrl,
    'select distinct problem_id as id from piculus.executions where problem_id = any($1::bigint[])',
  );
  context.atEnd(() => sightings.close());
  let asked = 0;
  return {
    async ask() {
      const id = waiting[asked];
      asked += 1;
      if (id === undefined) throw new Error('no problem waits any more');
      // Whoever is quick may see the result before the answer to the click.
      const seen = sightings.seen(id);
      await Promise.all([server.api.runProblem({ params: { id }, body: {} }), seen]);
      return seen;
    },
    async check() {
      const missing = await whatIsNotStored(server.databaseUrl, {
        tasks: asked,
        executions: asked,
        waiting: asks - asked,
      });
      return missing.map((line) => `Piculus: ${line}`);
    },
  };
}
