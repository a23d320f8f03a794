/** Solutions: listing them, and taking them in and out as a YAML file. */
import { readFile, writeFile } from 'node:fs/promises';
import { type ApiClient, ApiError, type Solution } from '@piculus/protocol/http';
import type { CliContext } from '../context.ts';
import { CliError, EXIT, type ExitCode, usageError } from '../exit-codes.ts';
import { tableOf } from '../output.ts';
import type { Registration } from '../registration.ts';
import { differences, type FileRow, formatSolutions, identityOf, parseSolutions } from '../solutions-file.ts';
import type { Column } from '../text-table.ts';

export function addSolutions({ program, act }: Registration): void {
  const solutions = program.command('solutions').description('fix solutions');
  solutions
    .command('list')
    .description('all solutions')
    .option('--system <code>', 'only of this system')
    .action(
      act(async (context, command) => {
        const { system } = command.opts<{ system?: string }>();
        const { items } = await (await context.api()).listSolutions({
          query: system === undefined ? {} : { sysCode: system },
        });
        context.out.result({ items }, () =>
          tableOf(items, COLUMNS, 'no solutions yet: piculus solutions import FILE'),
        );
        for (const { sysCode, fixCode, warnings } of items) {
          for (const { message } of warnings) context.out.say(`${sysCode}/${fixCode}: ${message.en}`);
        }
        return EXIT.ok;
      }),
    );
  solutions
    .command('import')
    .description('create or change the solutions of a YAML file; all rows are checked before any is stored')
    .argument('<file>', 'YAML file')
    .option('--dry-run', 'say what would be done and store nothing')
    .action(
      act(async (context, command) =>
        importFile(context, command.args[0] ?? '', command.opts<{ dryRun?: boolean }>().dryRun === true),
      ),
    );
  solutions
    .command('export')
    .description('write all solutions as YAML')
    .argument('<file>', 'YAML file, or - for stdout')
    .option('--system <code>', 'only of this system')
    .action(
      act(async (context, command) =>
        exportFile(context, command.args[0] ?? '', command.opts<{ system?: string }>().system),
      ),
    );
}

type Change = {
  readonly row: number;
  readonly identity: string;
  readonly act: 'create' | 'change' | 'same';
  readonly fields: readonly string[];
};

async function importFile(context: CliContext, file: string, dryRun: boolean): Promise<ExitCode> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw usageError(`the file ${file} cannot be read`);
  });
  const rows = parseSolutions(text);
  const api = await context.api();
  await checkAll(context, api, rows);
  const present = new Map(
    (await api.listSolutions()).items.map((solution) => [identityOf(solution), solution]),
  );
  const plan = rows.map((row) => ({
    row,
    present: present.get(identityOf(row.solution)),
    change: changeOf(row, present),
  }));
  for (const { row, present: stored, change } of dryRun ? [] : plan) {
    if (stored === undefined) await api.createSolution({ body: row.solution });
    else if (change.act === 'change') await api.changeSolution(changeCall(row, stored));
  }
  context.out.result({ dryRun, solutions: plan.map(({ change }) => change) }, () =>
    tableOf(
      plan.map(({ change }) => change),
      CHANGE_COLUMNS,
      'nothing',
    ),
  );
  if (dryRun) context.out.say('dry run: nothing was stored');
  return EXIT.ok;
}

/** Asks the server about every row, so that a mistake in the last one is found before the first is stored. */
async function checkAll(context: CliContext, api: ApiClient, rows: readonly FileRow[]): Promise<void> {
  const mistakes: string[] = [];
  for (const { row, solution } of rows) {
    try {
      const { warnings } = await api.validateSolution({ body: solution });
      for (const { message } of warnings) context.out.say(`row ${row}: ${message.en}`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'invalid-field') throw error;
      for (const { field, reason } of error.fields)
        mistakes.push(`row ${row}: ${field}: ${reason.en} (${reason.zh})`);
    }
  }
  if (mistakes.length > 0)
    throw new CliError(EXIT.usage, 'invalid-field', 'the file is not valid; nothing was stored', mistakes);
}

function changeOf({ row, solution }: FileRow, present: ReadonlyMap<string, Solution>): Change {
  const identity = identityOf(solution);
  const stored = present.get(identity);
  if (stored === undefined) return { row, identity, act: 'create', fields: [] };
  const fields = differences(solution, stored);
  return { row, identity, act: fields.length === 0 ? 'same' : 'change', fields };
}

function changeCall({ solution }: FileRow, stored: Solution): Parameters<ApiClient['changeSolution']>[0] {
  const { sysCode: _sysCode, fixCode: _fixCode, ...change } = solution;
  return { params: { id: stored.id }, body: { ...change, expectedVersion: stored.version } };
}

async function exportFile(context: CliContext, file: string, system: string | undefined): Promise<ExitCode> {
  const { items } = await (await context.api()).listSolutions({
    query: system === undefined ? {} : { sysCode: system },
  });
  const text = formatSolutions(items);
  if (file === '-') {
    context.out.result({ solutions: items }, () => text.trimEnd());
    return EXIT.ok;
  }
  await writeFile(file, text);
  context.out.result({ file, solutions: items.length }, () => `${items.length} solutions written to ${file}`);
  return EXIT.ok;
}

const COLUMNS: readonly Column<Solution>[] = [
  { title: 'id', value: ({ id }) => id, align: 'right' },
  { title: 'system', value: ({ sysCode }) => sysCode },
  { title: 'fix code', value: ({ fixCode }) => fixCode },
  { title: 'retries', value: ({ maxRetries }) => String(maxRetries), align: 'right' },
  { title: 'cron', value: ({ retryCron, timeZone }) => `${retryCron} ${timeZone}` },
  { title: 'mode', value: ({ executionMode }) => executionMode },
  { title: 'status', value: ({ status }) => status },
  { title: 'level', value: ({ level }) => level },
  { title: 'next tick', value: ({ nextTicks }) => nextTicks[0] ?? '-' },
  { title: 'version', value: ({ version }) => String(version), align: 'right' },
];

const CHANGE_COLUMNS: readonly Column<Change>[] = [
  { title: 'row', value: ({ row }) => String(row), align: 'right' },
  { title: 'solution', value: ({ identity }) => identity },
  { title: 'act', value: ({ act }) => act },
  { title: 'fields', value: ({ fields }) => fields.join(', ') },
];
