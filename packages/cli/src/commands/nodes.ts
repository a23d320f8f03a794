/** The servers on one database. */
import type { Node } from '@piculus/protocol/http';
import { EXIT } from '../exit-codes.ts';
import { tableOf } from '../output.ts';
import type { Registration } from '../registration.ts';
import type { Column } from '../text-table.ts';

export function addNodes({ program, act }: Registration): void {
  program
    .command('nodes')
    .description('the servers that work on one database, and those that went within the hour')
    .action(
      act(async (context) => {
        const { items } = await (await context.api()).listNodes();
        context.out.result({ items }, () => tableOf(items, COLUMNS, 'no server has told that it lives'));
        return items.some(({ differences }) => differences.length > 0) ? EXIT.failure : EXIT.ok;
      }),
    );
}

const COLUMNS: readonly Column<Node>[] = [
  { title: 'host', value: ({ host, pid }) => `${host}:${pid}` },
  {
    title: 'state',
    value: ({ state, goneBecause }) => (goneBecause === null ? state : `${state} (${goneBecause})`),
  },
  { title: 'address', value: ({ address }) => address },
  { title: 'version', value: ({ version }) => version },
  { title: 'clients', value: ({ clients }) => String(clients) },
  { title: 'started', value: ({ startedAt }) => startedAt },
  { title: 'seen', value: ({ seenAt }) => seenAt },
  { title: 'differs in', value: ({ differences }) => differences.join(', ') },
];
