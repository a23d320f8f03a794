/** Running fixes by hand: some by their ids, or all that match, after saying how many and how much. */
import type { ApiClient, ProblemFilter, RouteResponse } from '@piculus/protocol/http';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode, usageError } from '../exit-codes.ts';
import { addFilterOptions, readFilter } from '../problem-filter.ts';
import type { Registration } from '../registration.ts';
import { amount } from './problems.ts';

interface FixOptions {
  readonly matching?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
}
type Count = RouteResponse<'countProblems'>;

/** Problems that are read at the same time to add up their amounts. */
const READS_AT_ONCE = 8;

export function addFix({ program, world, act }: Registration): void {
  const command = program
    .command('fix')
    .description('run fixes now: by ids, or all that match a filter')
    .argument('[ids...]', 'ids of problems')
    .option('--matching', 'all that match the filter below')
    .option('--reason <text>', 'why; needed with --matching')
    .option('--yes', 'do not ask');
  addFilterOptions(command, world.clock.now).action(
    act(async (context, self) => fix(context, self.args, self.opts<FixOptions & Record<string, unknown>>())),
  );
}

async function fix(
  context: CliContext,
  ids: readonly string[],
  options: FixOptions & Record<string, unknown>,
): Promise<ExitCode> {
  const filter = readFilter(options);
  const filtered = Object.keys(filter).length > 0;
  if (options.matching === true) {
    if (ids.length > 0) throw usageError('give ids or --matching, not both');
    if (!filtered) throw usageError('--matching needs at least one filter, for instance --scenario C1');
    if (options.reason === undefined) throw usageError('--matching needs --reason');
    return fixMatching(context, filter, options.reason, options.yes === true);
  }
  if (ids.length === 0) throw usageError('give ids of problems, or --matching with a filter');
  if (filtered) throw usageError('a filter counts only with --matching');
  return fixIds(context, ids, options);
}

async function fixMatching(
  context: CliContext,
  filter: ProblemFilter,
  reason: string,
  yes: boolean,
): Promise<ExitCode> {
  const api = await context.api();
  const count = await api.countProblems({ query: filter });
  if (count.problems === 0) {
    context.out.result({ accepted: 0, skipped: 0 }, () => 'no problems match');
    return EXIT.ok;
  }
  if (!(await agreed(context, count, yes))) return declined(context);
  // The server refuses where the count is no longer the one that was agreed to.
  const result = await api.runMatchingProblems({ body: { filter, expectedCount: count.problems, reason } });
  context.out.result(result, () => `${result.accepted} will be executed, ${result.skipped} left out`);
  return result.skipped === 0 ? EXIT.ok : EXIT.incomplete;
}

async function fixIds(context: CliContext, ids: readonly string[], options: FixOptions): Promise<ExitCode> {
  const api = await context.api();
  const unique = [...new Set(ids)];
  if (!(await agreed(context, await countIds(api, unique), options.yes === true))) return declined(context);
  const reason = options.reason === undefined ? {} : { reason: options.reason };
  const result = await api.runProblems({ body: { ids: unique, ...reason } });
  context.out.result(result, () =>
    [
      `${result.accepted} will be executed`,
      ...result.refused.map((refusal) => `${refusal.id}: ${refusal.code}, ${refusal.reason}`),
    ].join('\n'),
  );
  return result.refused.length === 0 ? EXIT.ok : EXIT.incomplete;
}

async function countIds(api: ApiClient, ids: readonly string[]): Promise<Count> {
  const sums = new Map<string, bigint>();
  for (let start = 0; start < ids.length; start += READS_AT_ONCE) {
    const problems = await Promise.all(
      ids.slice(start, start + READS_AT_ONCE).map((id) => api.getProblem({ params: { id } })),
    );
    for (const { currency, amountMinor } of problems)
      sums.set(currency, (sums.get(currency) ?? 0n) + BigInt(amountMinor));
  }
  return {
    problems: ids.length,
    amounts: [...sums].map(([currency, minor]) => ({ currency, amountMinor: minor.toString() })),
  };
}

async function agreed(context: CliContext, count: Count, yes: boolean): Promise<boolean> {
  const sums = count.amounts.map(({ amountMinor, currency }) => amount(amountMinor, currency)).join(', ');
  const words = `${count.problems} ${count.problems === 1 ? 'problem' : 'problems'}, ${sums}`;
  if (yes) {
    context.out.say(words);
    return true;
  }
  if (!context.world.person.isTerminal) throw usageError(`${words}: nobody can be asked here; add --yes`);
  return context.world.person.confirm(`${words}: execute?`);
}

function declined(context: CliContext): ExitCode {
  context.out.result({ accepted: 0, declined: true }, () => 'nothing was done');
  return EXIT.ok;
}
