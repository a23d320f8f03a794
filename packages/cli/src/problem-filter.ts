/** The filter of problems as options, the same for listing and for running many. */

import { type ProblemFilter, problemFilterSchema } from '@piculus/protocol/http';
import type { Command } from 'commander';
import { usageError } from './exit-codes.ts';
import { list, time, wholeNumber } from './options.ts';

export function addFilterOptions(command: Command, now: () => number): Command {
  return command
    .option('--system <codes>', 'systems, separated by commas', list)
    .option('--fix <codes>', 'fix codes', list)
    .option('--key <text>', 'business key (order number)')
    .option('--scenario <codes>', 'scenarios, for instance C1,C2', list)
    .option('--handling <kinds>', 'fix or person', list)
    .option('--state <states>', 'pending, executing, fixed, cleared, exhausted, needs-human, closed', list)
    .option('--wait-reason <reasons>', 'why a pending one waits, for instance manual', list)
    .option('--currency <codes>', 'currencies', list)
    .option('--out-of-pocket <who>', 'customer, company, nobody', list)
    .option('--outcome <names>', 'last outcome', list)
    .option('--amount-from <minor>', 'amount in minor units, at least')
    .option('--amount-to <minor>', 'amount in minor units, below')
    .option('--occurred-from <time>', 'happened at or after', time(now))
    .option('--occurred-to <time>', 'happened before', time(now))
    .option('--first-seen-from <time>', 'first reported at or after', time(now))
    .option('--first-seen-to <time>', 'first reported before', time(now))
    .option('--retries-from <count>', 'retries used, at least', wholeNumber(0, 1_000))
    .option('--reopened', 'only those that were opened again')
    .option('--seen-since-closed', 'only those that were seen after they had been closed');
}

/** Option name of commander and field of the API. */
const FIELDS = {
  system: 'sysCode',
  fix: 'fixCode',
  key: 'businessKey',
  scenario: 'scenario',
  handling: 'handling',
  state: 'state',
  waitReason: 'waitReason',
  currency: 'currency',
  outOfPocket: 'outOfPocket',
  outcome: 'lastOutcome',
  amountFrom: 'amountMinorFrom',
  amountTo: 'amountMinorTo',
  occurredFrom: 'occurredFrom',
  occurredTo: 'occurredTo',
  firstSeenFrom: 'firstSeenFrom',
  firstSeenTo: 'firstSeenTo',
  retriesFrom: 'retriesUsedFrom',
  reopened: 'reopened',
  seenSinceClosed: 'seenSinceClosed',
} as const satisfies Record<string, keyof ProblemFilter>;

/** @throws CliError for a value that no problem can have. */
export function readFilter(options: Readonly<Record<string, unknown>>): ProblemFilter {
  const given: Record<string, unknown> = {};
  for (const [option, field] of Object.entries(FIELDS)) {
    if (options[option] !== undefined) given[field] = options[option];
  }
  const parsed = problemFilterSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const optionOf = new Map<string, string>(Object.entries(FIELDS).map(([option, field]) => [field, option]));
  throw usageError(
    'the filter is not valid',
    parsed.error.issues.map(
      ({ path, message }) => `${flag(optionOf.get(String(path[0])) ?? '')}: ${message}`,
    ),
  );
}

const flag = (option: string): string =>
  `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
