/** What grows with what is stored, and with how many clients are connected. */
import type { Cell, CellContext, CellResult } from '../cell.ts';
import { measureClients } from './clients.ts';
import { measureStored } from './stored.ts';

export const growthCell: Cell = {
  says: 'the same work with more and more stored, and with more and more clients',
  options: {
    stored: {
      otherwise: 1_000_000,
      whenQuick: 100_000,
      says: 'problems of the longest history, from 10,000 on',
    },
    clients: { otherwise: 1_000, whenQuick: 100, says: 'clients of the SDK at most, from 1 on' },
    places: { otherwise: 200, says: 'fixes that each client runs at the same time' },
    tasks: { otherwise: 20_000, whenQuick: 5_000, says: 'tasks of a round' },
    rounds: { otherwise: 5, whenQuick: 3, says: 'rounds, after one to warm up' },
  },
  run,
};

async function run(context: CellContext): Promise<CellResult> {
  const option = (name: string): number => Math.max(1, context.options.get(name) ?? 1);
  const { tasks, rounds } = { tasks: option('tasks'), rounds: option('rounds') };
  const clients = await measureClients(context, {
    clients: option('clients'),
    places: option('places'),
    tasks,
    rounds,
  });
  const stored = await measureStored(context, { stored: option('stored'), tasks, rounds });
  return {
    comparisons: [...stored.comparisons, ...clients.comparisons],
    figures: { stored: stored.rounds, clients: clients.figures },
    lines: [],
    wrong: [...stored.wrong, ...clients.wrong],
  };
}
