/** Looking at problems: a list with filters and pages, and one with all that is known of it. */
import { formatDecimalAmount } from '@piculus/protocol';
import type { Problem, ProblemDetail } from '@piculus/protocol/http';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { wholeNumber } from '../options.ts';
import { tableOf } from '../output.ts';
import { addFilterOptions, readFilter } from '../problem-filter.ts';
import type { Registration } from '../registration.ts';
import { type Column, printable, renderTable } from '../text-table.ts';

interface ListOptions {
  readonly limit: number;
  readonly after?: string;
  readonly all?: boolean;
}

export function addProblems({ program, world, act }: Registration): void {
  addFilterOptions(program.command('problems').description('list problems, newest first'), world.clock.now)
    .option('--limit <rows>', 'rows of one page', wholeNumber(1, 500), 50)
    .option('--after <cursor>', 'the page after the one that gave this cursor')
    .option('--all', 'all pages')
    .action(
      act(async (context, command) =>
        listProblems(context, command.opts<ListOptions & Record<string, unknown>>()),
      ),
    );
  program
    .command('problem')
    .description('one problem with its facts, executions and history')
    .argument('<id>', 'id of the problem')
    .action(
      act(async (context, command) => {
        const api = await context.api();
        const problem = await api.getProblem({ params: { id: command.args[0] ?? '' } });
        context.out.result(problem, () => describe(problem));
        return EXIT.ok;
      }),
    );
}

async function listProblems(
  context: CliContext,
  options: ListOptions & Record<string, unknown>,
): Promise<ExitCode> {
  const api = await context.api();
  const filter = readFilter(options);
  const items: Problem[] = [];
  let after = options.after;
  let next: string | null;
  do {
    const page = await api.listProblems({
      query: { ...filter, limit: options.limit, ...(after === undefined ? {} : { after }) },
    });
    items.push(...page.items);
    next = page.next;
    after = next ?? undefined;
  } while (options.all === true && next !== null);
  context.out.result({ items, next }, () => tableOf(items, COLUMNS, 'no problems match'));
  if (next !== null) context.out.say(`there are more: --after ${next}`);
  return EXIT.ok;
}

export const amount = (minor: string, currency: string): string =>
  `${formatDecimalAmount(BigInt(minor), currency)} ${currency}`;

const COLUMNS: readonly Column<Problem>[] = [
  { title: 'id', value: ({ id }) => id, align: 'right' },
  { title: 'system', value: ({ sysCode }) => sysCode },
  { title: 'scenario', value: ({ scenario }) => scenario },
  { title: 'key', value: ({ businessKey }) => businessKey },
  { title: 'amount', value: (problem) => amount(problem.amountMinor, problem.currency), align: 'right' },
  { title: 'state', value: stateOf },
  { title: 'tries', value: ({ attempts }) => String(attempts), align: 'right' },
  { title: 'last outcome', value: ({ lastOutcome }) => lastOutcome ?? '-' },
  { title: 'last seen', value: ({ lastSeenAt }) => lastSeenAt },
];

function stateOf({ state, waitReason, confirmedAt }: Problem): string {
  if (waitReason !== null) return `${state} (${waitReason})`;
  return confirmedAt === null ? state : `${state} (confirmed)`;
}

function describe(problem: ProblemDetail): string {
  const lines = [
    `problem ${problem.id}: ${problem.sysCode} ${problem.businessKey}`,
    `${problem.scenario}: ${problem.sentence.en}`,
    problem.sentence.zh,
    `state        ${stateOf(problem)}, since ${problem.stateChangedAt}`,
    `amount       ${amount(problem.amountMinor, problem.currency)}, out of pocket: ${problem.outOfPocket}`,
    `fix          ${problem.fixCode} (${problem.handling})`,
    `seen         ${problem.seenCount} times, ${problem.firstSeenAt} to ${problem.lastSeenAt}`,
    `retries      ${problem.retriesUsed} of ${problem.maxRetries ?? '-'}; reopened ${problem.reopenCount} times`,
    `next tick    ${problem.nextTickAt ?? '-'}`,
    `contradicts  ${problem.contradictions.join(', ')}`,
  ].map(printable);
  for (const side of ['order', 'ledger', 'bank'] as const) {
    const { state, source, observedAt, fields } = problem.facts[side];
    lines.push('', printable(`${side}: ${state} (${source}, ${observedAt})`));
    for (const [name, value] of Object.entries(fields)) lines.push(printable(`  ${name} = ${String(value)}`));
  }
  lines.push('', 'executions', tableOf(problem.executions, EXECUTION_COLUMNS, '  none'));
  if (problem.history.length > 0) lines.push('', 'history', renderTable(problem.history, HISTORY_COLUMNS));
  return lines.join('\n');
}

const EXECUTION_COLUMNS: readonly Column<ProblemDetail['executions'][number]>[] = [
  { title: 'finished', value: ({ finishedAt }) => finishedAt },
  { title: 'try', value: ({ attempt }) => String(attempt), align: 'right' },
  { title: 'trigger', value: ({ trigger }) => trigger },
  { title: 'outcome', value: ({ outcome }) => outcome },
  { title: 'effects', value: ({ effects }) => effects.map(({ kind }) => kind).join('+') || '-' },
  { title: 'reason', value: ({ reason }) => reason },
];

const HISTORY_COLUMNS: readonly Column<ProblemDetail['history'][number]>[] = [
  { title: 'at', value: ({ at }) => at },
  { title: 'who', value: ({ actor }) => actor },
  { title: 'what', value: ({ act }) => act },
  { title: 'reason', value: ({ reason }) => reason ?? '' },
];
