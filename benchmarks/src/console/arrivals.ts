/** Problems that arrive at a pace while something else is measured. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CellContext } from '../cell.ts';
import { ended, startClients } from '../overload/cell.ts';
import { Observations } from '../overload/observations.ts';
import type { RunningServer } from '../support/stage.ts';

export interface Arrived {
  readonly perSecond: number;
  readonly wrong: readonly string[];
}

export interface Arrivals {
  /** Ends them. @returns what was acknowledged since the pace was set. */
  end(): Promise<Arrived>;
}

const WARM_UP_MS = 2_000;

/** Resolves when they arrive at that pace, over all of these new systems. */
export async function startArrivals(
  context: CellContext,
  server: RunningServer,
  load: { readonly systems: readonly string[]; readonly perSecond: number },
): Promise<Arrivals> {
  const clients = await startClients(context, server, load.systems);
  const observations = new Observations(clients);
  const { id } = await server.api.startCollection({ body: { sysCodes: [...load.systems] } });
  clients.tell({ pace: load.perSecond });
  if (load.perSecond > 0) await observations.reported();
  await sleep(WARM_UP_MS);
  observations.enter('before');
  return {
    async end() {
      observations.enter('end');
      clients.tell({ pace: 'stop' });
      await ended(server.api, id);
      const { commands } = await server.api.getCollection({ params: { id } });
      return {
        perSecond: observations.figures('before').perSecond,
        wrong: commands
          .filter(({ state }) => state !== 'complete')
          .map(({ sysCode, state, reason }) => `the collect of ${sysCode} is ${state}: ${reason ?? ''}`),
      };
    },
  };
}
