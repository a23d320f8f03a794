/** The stop switch: halting automatic repair, and letting it go on. */
import type { Halt } from '@piculus/protocol/http';
import type { CliContext } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts';
import { tableOf } from '../output.ts';
import type { Registration } from '../registration.ts';
import type { Column } from '../text-table.ts';

interface StopOptions {
  readonly system?: string;
  readonly fix?: string;
  readonly includeManual?: boolean;
  readonly reason: string;
}
interface ResumeOptions {
  readonly reason?: string;
}

export function addStop({ program, act }: Registration): void {
  program
    .command('stop')
    .description('stop automatic repair at once: everywhere, in one system, or of one solution')
    .option('--system <code>', 'only this system')
    .option('--fix <code>', 'only this solution of the system')
    .option('--include-manual', 'clicks wait too')
    .requiredOption('--reason <text>', 'why; everybody sees it')
    .action(act(async (context, command) => stop(context, command.opts<StopOptions>())));
  program
    .command('resume')
    .argument('[id]', 'what to let go on; without it, what stands still is listed')
    .description('let automatic repair go on')
    .option('--reason <text>', 'why it may')
    .action(act(async (context, command) => resume(context, command.args[0], command.opts<ResumeOptions>())));
}

async function stop(context: CliContext, options: StopOptions): Promise<ExitCode> {
  const { system, fix, includeManual = false, reason } = options;
  const api = await context.api();
  const halt = await api.stop({
    body: {
      ...(system === undefined ? {} : { sysCode: system }),
      ...(fix === undefined ? {} : { fixCode: fix }),
      includeManual,
      reason,
    },
  });
  context.out.result(
    halt,
    () => `stopped ${placeOf(halt)}; piculus resume ${halt.id} --reason TEXT lets it go on`,
  );
  return EXIT.ok;
}

async function resume(
  context: CliContext,
  id: string | undefined,
  { reason }: ResumeOptions,
): Promise<ExitCode> {
  const api = await context.api();
  if (id === undefined) {
    const { items } = await api.listHalts({ query: { open: true, limit: 500 } });
    context.out.result(items, () => tableOf(items, COLUMNS, 'nothing stands still'));
    return EXIT.ok;
  }
  if (reason === undefined)
    throw new CliError(EXIT.usage, 'bad-usage', 'say why it may go on: --reason TEXT');
  const halt = await api.resume({ params: { id }, body: { reason } });
  context.out.result(halt, () => `${placeOf(halt)} goes on`);
  return EXIT.ok;
}

function placeOf({ sysCode, fixCode }: Halt): string {
  if (sysCode === null) return 'everything';
  return fixCode === null ? sysCode : `${sysCode} ${fixCode}`;
}

const COLUMNS: readonly Column<Halt>[] = [
  { title: 'id', value: ({ id }) => id },
  { title: 'what', value: placeOf },
  { title: 'kind', value: ({ kind }) => kind },
  { title: 'since', value: ({ since }) => since },
  { title: 'by', value: ({ by }) => by },
  { title: 'reason', value: ({ reason }) => reason },
];
