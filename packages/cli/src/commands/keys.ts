/** The keys that the server signs commands with. */
import type { ServerKeyInfo } from '@piculus/protocol/http';
import { EXIT } from '../exit-codes.ts';
import { tableOf } from '../output.ts';
import type { Registration } from '../registration.ts';
import type { Column } from '../text-table.ts';

export function addKeys({ program, act }: Registration): void {
  const keys = program.command('keys').description('the keys that the server signs commands with');
  keys
    .command('list')
    .description('all keys; clients need those of the column "public key" in PICULUS_SERVER_KEYS')
    .action(
      act(async (context) => {
        const { items } = await (await context.api()).listServerKeys();
        context.out.result({ items }, () => tableOf(items, COLUMNS, 'the server has no key'));
        return EXIT.ok;
      }),
    );
  keys
    .command('add')
    .description('make another key; give it to every client before it is used')
    .action(
      act(async (context) => {
        const api = await context.api();
        const made = await api.addServerKey();
        const { items } = await api.listServerKeys();
        context.out.say(`key ${made.keyId} is made and not in use yet; this is what clients need now:`);
        context.out.result(made, () => environmentOf(items));
        return EXIT.ok;
      }),
    );
  keys
    .command('use')
    .description('sign with this key from now on; clients that do not have it refuse every command')
    .argument('<id>', 'as "keys list" shows it')
    .action(
      act(async (context, command) => {
        const keyId = command.args[0] ?? '';
        const used = await (await context.api()).useServerKey({ params: { keyId } });
        context.out.result(used, () => `key ${used.keyId} is in use`);
        return EXIT.ok;
      }),
    );
  keys
    .command('retire')
    .description('remove a key that is not in use; take it out of every client afterwards')
    .argument('<id>', 'as "keys list" shows it')
    .action(
      act(async (context, command) => {
        const keyId = command.args[0] ?? '';
        await (await context.api()).retireServerKey({ params: { keyId } });
        context.out.result({ keyId }, () => `key ${keyId} is retired`);
        return EXIT.ok;
      }),
    );
}

const environmentOf = (keys: readonly ServerKeyInfo[]): string =>
  `export PICULUS_SERVER_KEYS=${keys.map(({ publicKey }) => publicKey).join(',')}`;

const COLUMNS: readonly Column<ServerKeyInfo>[] = [
  { title: 'id', value: ({ keyId }) => keyId },
  { title: 'in use', value: ({ inUse }) => (inUse ? 'yes' : '') },
  { title: 'public key', value: ({ publicKey }) => publicKey },
  { title: 'made', value: ({ createdAt }) => createdAt },
];
