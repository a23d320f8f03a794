/** Systems: listing them, registering one. */
import { clientEnvironment, type System } from '@piculus/protocol/http';
import { EXIT } from '../exit-codes.ts';
import { tableOf } from '../output.ts';
import type { Registration } from '../registration.ts';
import type { Column } from '../text-table.ts';

interface CreateOptions {
  readonly name?: string;
  readonly collectCron?: string;
  readonly timeZone: string;
}

export function addSystems({ program, act }: Registration): void {
  const systems = program.command('systems').description('production systems');
  systems
    .command('list')
    .description('all systems')
    .action(
      act(async (context) => {
        const { items } = await (await context.api()).listSystems();
        context.out.result({ items }, () =>
          tableOf(items, COLUMNS, 'no systems yet: piculus systems create CODE'),
        );
        return EXIT.ok;
      }),
    );
  systems
    .command('create')
    .description('register a system; its first key is shown once and never again')
    .argument('<code>', 'for instance PBAP')
    .option('--name <text>', 'name for people')
    .option('--collect-cron <cron>', 'when to collect by itself (Quartz, seconds first)')
    .option('--time-zone <zone>', 'time zone of the cron', 'UTC')
    .action(
      act(async (context, command) => {
        const sysCode = command.args[0] ?? '';
        const { name, collectCron, timeZone } = command.opts<CreateOptions>();
        const created = await (await context.api()).createSystem({
          body: {
            sysCode,
            name: name ?? sysCode,
            collectCron: collectCron ?? null,
            collectTimeZone: timeZone,
          },
        });
        context.out.say(
          `system ${sysCode} is registered; run this where its clients start; the key is not shown again`,
        );
        context.out.result(created, () => `export ${clientEnvironment(created)}`);
        return EXIT.ok;
      }),
    );
}

const COLUMNS: readonly Column<System>[] = [
  { title: 'system', value: ({ sysCode }) => sysCode },
  { title: 'name', value: ({ name }) => name },
  { title: 'enabled', value: ({ enabled }) => (enabled ? 'yes' : 'no') },
  { title: 'clients', value: ({ clientsConnected }) => String(clientsConnected), align: 'right' },
  {
    title: 'collect cron',
    value: ({ collectCron, collectTimeZone }) =>
      collectCron === null ? '-' : `${collectCron} ${collectTimeZone}`,
  },
  { title: 'last collect', value: ({ lastCollectAt }) => lastCollectAt ?? 'never' },
  { title: 'alarm', value: ({ alarm }) => alarm?.en ?? '' },
];
