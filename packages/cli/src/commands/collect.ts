/** Starting a collect broadcast and waiting for its honest end. */
import type { CollectCommandView, Collection } from '@piculus/protocol/http';
import { type ApiClient, ApiError } from '@piculus/protocol/http';
import type { CliContext } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts';
import { list, time, wholeNumber } from '../options.ts';
import { tableOf } from '../output.ts';
import type { Registration } from '../registration.ts';
import type { Column } from '../text-table.ts';

interface CollectOptions {
  readonly system?: string[];
  readonly fix?: string[];
  readonly from?: string;
  readonly to?: string;
  readonly wait?: boolean;
  readonly timeout: number;
}

const POLL_MS = 400;
/** How long the server may be away while somebody waits. */
const AWAY_MS_MAX = 60_000;

export function addCollect({ program, world, act }: Registration): void {
  program
    .command('collect')
    .description('start a collect broadcast')
    .option('--system <codes>', 'systems, separated by commas; all enabled ones without it', list)
    .option('--fix <codes>', 'fix codes; every collector without it', list)
    .option(
      '--from <time>',
      'begin of the window: a time with its offset, or 90m, 12h, 3d ago',
      time(world.clock.now),
    )
    .option('--to <time>', 'end of the window; now without it', time(world.clock.now))
    .option('--wait', 'wait for the end and show what was found')
    .option('--timeout <seconds>', 'longest wait', wholeNumber(1, 86_400), 3_600)
    .action(act(async (context, command) => collect(context, command.opts<CollectOptions>())));
}

async function collect(context: CliContext, options: CollectOptions): Promise<ExitCode> {
  const api = await context.api();
  const started = await api.startCollection({
    body: {
      ...(options.system === undefined ? {} : { sysCodes: options.system }),
      ...(options.fix === undefined ? {} : { fixCodes: options.fix }),
      ...(options.from === undefined ? {} : { windowFrom: options.from }),
      ...(options.to === undefined ? {} : { windowTo: options.to }),
    },
  });
  if (options.wait !== true) {
    context.out.result(started, () => `collection ${started.id} started for ${systemsOf(started)}`);
    return EXIT.ok;
  }
  const ended = await waitForEnd(context, api, started, options.timeout * 1_000);
  context.out.result(ended, () => tableOf(ended.commands, COLUMNS, 'no commands'));
  if (ended.state === 'complete') return EXIT.ok;
  context.out.say(`collection ${ended.id} is ${ended.state}: its numbers are not the whole truth`);
  return EXIT.incomplete;
}

async function waitForEnd(
  context: CliContext,
  api: ApiClient,
  first: Collection,
  waitMsMax: number,
): Promise<Collection> {
  const { clock } = context.world;
  const deadline = clock.now() + waitMsMax;
  const progress = context.out.progress(`collection ${first.id}`);
  let collection = first;
  let awaySince: number | null = null;
  try {
    for (;;) {
      const ended = collection.commands.filter(({ finishedAt }) => finishedAt !== null).length;
      progress.update(ended, collection.commands.length, wordsOf(collection));
      if (collection.finishedAt !== null) return collection;
      if (clock.now() > deadline) {
        throw new CliError(
          EXIT.incomplete,
          'timeout',
          `collection ${collection.id} still runs; it goes on without us`,
        );
      }
      await clock.sleep(POLL_MS);
      try {
        collection = await api.getCollection({ params: { id: collection.id } });
        awaySince = null;
      } catch (error) {
        awaySince ??= clock.now();
        const patient = error instanceof ApiError && error.retryable && clock.now() - awaySince < AWAY_MS_MAX;
        if (!patient) throw error;
      }
    }
  } finally {
    progress.stop();
  }
}

const systemsOf = (collection: Collection): string =>
  collection.commands.map(({ sysCode }) => sysCode).join(', ');

function wordsOf(collection: Collection): string {
  const sum = (field: 'rowsScanned' | 'problemsReported'): number =>
    collection.commands.reduce((total, command) => total + command[field], 0);
  return `systems, ${sum('rowsScanned')} rows looked at, ${sum('problemsReported')} problems`;
}

const COLUMNS: readonly Column<CollectCommandView>[] = [
  { title: 'system', value: ({ sysCode }) => sysCode },
  { title: 'state', value: ({ state }) => state },
  { title: 'rows', value: ({ rowsScanned }) => String(rowsScanned), align: 'right' },
  { title: 'problems', value: ({ problemsReported }) => String(problemsReported), align: 'right' },
  { title: 'new', value: ({ problemsNew }) => String(problemsNew), align: 'right' },
  { title: 'seconds', value: ({ startedAt, finishedAt }) => seconds(startedAt, finishedAt), align: 'right' },
  { title: 'client', value: ({ clientId }) => clientId ?? '-' },
  { title: 'reason', value: ({ reason }) => reason ?? '' },
];

function seconds(from: string | null, to: string | null): string {
  return from === null || to === null ? '-' : ((Date.parse(to) - Date.parse(from)) / 1_000).toFixed(1);
}
