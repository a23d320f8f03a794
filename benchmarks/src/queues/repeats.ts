/** The same tasks reported once more: nine of ten are known, and each system must end with as many as there are. */
import type { CellContext } from '../cell.ts';
import { makeDatabase, withClient } from '../support/databases.ts';
import { alone, takeTurns } from '../support/rounds.ts';
import { OrderedProcess } from './child.ts';
import { ingest, openPiculus } from './piculus.ts';
import { checkpoint, type Peer, peers, PICULUS } from './rounds.ts';

/** Every so-many-th task is new. */
const NEW_EVERY = 10;

/** Rates are per second. */
export interface RepeatsRound {
  readonly ingested: number;
  readonly wrong: readonly string[];
}

/** @returns the rounds of each system, the warm-up left out; a peer takes part once, whatever it does with results. */
export function measureRepeats(
  context: CellContext,
  tasks: number,
  rounds: number,
): Promise<ReadonlyMap<string, readonly RepeatsRound[]>> {
  const others = peers().filter((peer) => peer.settings.keepResults !== true);
  const ways = new Map<string, () => Promise<RepeatsRound>>([
    [PICULUS, () => alone(context, (own) => piculusRound(own, tasks))],
    ...others.map(
      (peer) => [nameOf(peer), () => alone(context, (own) => peerRound(own, peer, tasks))] as const,
    ),
  ]);
  return takeTurns(
    context,
    rounds,
    ways,
    (name, { ingested }) => `${name}: ${Math.round(ingested)} in a second, nine of ten known`,
  );
}

const nameOf = ({ name }: Peer): string => name.split(', as shipped')[0] ?? name;

async function piculusRound(context: CellContext, tasks: number): Promise<RepeatsRound> {
  const { server, worker } = await openPiculus(context, tasks);
  await worker.tell('leaveOut', { each: String(NEW_EVERY) });
  await ingest(server.api, worker);
  await checkpoint(context.databaseUrl);
  await worker.tell('leaveOut', { each: '0' });
  const ms = await ingest(server.api, worker);
  const { rows } = await withClient(server.databaseUrl, (db) =>
    db.query<{ there: number; again: number }>(
      `select count(*)::int as there, count(*) filter (where seen_count > 1)::int as again from piculus.problems`,
    ),
  );
  const [found] = rows;
  const again = tasks - Math.ceil(tasks / NEW_EVERY);
  return {
    ingested: (tasks / ms) * 1_000,
    wrong: [
      ...(found?.there === tasks ? [] : [`Piculus: ${found?.there} problems are there`]),
      ...(found?.again === again ? [] : [`Piculus: ${found?.again} problems were seen again`]),
    ],
  };
}

async function peerRound(context: CellContext, peer: Peer, tasks: number): Promise<RepeatsRound> {
  const { program, settings } = peer;
  const url = String(settings.url ?? (await makeDatabase(context, 'peer')));
  const producer = await OrderedProcess.start(context, 'benchmarks/peers/main.mjs', program);
  await producer.tell('open', { url, settings, prepare: true });
  const add = { tasks, inFlight: settings.inFlight, keyed: true };
  await producer.tell('add', { ...add, leaveOutEach: NEW_EVERY });
  await checkpoint(context.databaseUrl);
  const ms = Number(await producer.tell('add', add));
  const left = await producer.tell('left');
  await producer.tell('close');
  return {
    ingested: (tasks / ms) * 1_000,
    wrong: left === tasks ? [] : [`${peer.name}: ${String(left)} tasks are there`],
  };
}
