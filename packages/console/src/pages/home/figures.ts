/** The figures of the overview from the server's counts, and the lists behind them. Pure. */
import { OUT_OF_POCKET, type Outcome, type OutOfPocket, SCENARIOS } from '@piculus/protocol';
import type { HourOfExecutions, ProblemCount } from '@piculus/protocol/http';
import { type CurrencyAmount, sumAmounts } from '../../parts/chosen.ts';

/** Open problems as they are counted: one that is executing is counted as what it was before, mostly pending. */
export const OPEN_STATES = ['pending', 'needs-human', 'exhausted'] as const;
export type OpenState = (typeof OPEN_STATES)[number];

/** What the list must be asked for to find the same problems. */
export const OPEN = 'pending,executing,needs-human,exhausted';
export const STATE_FILTERS: Readonly<Record<OpenState, string>> = {
  pending: 'pending,executing',
  'needs-human': 'needs-human',
  exhausted: 'exhausted',
};

export type ScenarioCode = ProblemCount['scenario'];

type Filter = Readonly<Record<string, string | null>>;

/** @param filter nulls are left out. */
export function problemsLink(filter: Filter): string {
  return link('/problems', filter);
}

export function executionsLink(filter: Filter): string {
  return link('/executions', filter);
}

function link(path: string, filter: Filter): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value !== null) query.set(name, value);
  // Commas need no escape in a query, and addresses are read by people.
  return `${path}?${query.toString().replaceAll('%2C', ',')}`;
}

export function openCounts(counts: readonly ProblemCount[]): readonly ProblemCount[] {
  return counts.filter(({ state }) => OPEN_STATES.some((open) => open === state));
}

export function problemsOf(counts: readonly ProblemCount[]): number {
  return counts.reduce((sum, { problems }) => sum + problems, 0);
}

/** Currencies are never added up; they come in the order of their codes. */
export function amountsOf(counts: readonly ProblemCount[]): readonly CurrencyAmount[] {
  return sumAmounts(counts);
}

export interface ScenarioRow {
  readonly scenario: ScenarioCode;
  readonly byState: Readonly<Record<OpenState, number>>;
  readonly problems: number;
  readonly amounts: readonly CurrencyAmount[];
}

/** Open problems by scenario, in the order of the catalogue; only scenarios that have any. */
export function scenarioRows(open: readonly ProblemCount[]): readonly ScenarioRow[] {
  const order = Object.keys(SCENARIOS);
  const codes = [...new Set(open.map(({ scenario }) => scenario))];
  return codes
    .sort((one, other) => order.indexOf(one) - order.indexOf(other))
    .map((scenario) => {
      const own = open.filter((count) => count.scenario === scenario);
      return { scenario, byState: byState(own), problems: problemsOf(own), amounts: amountsOf(own) };
    });
}

export function byState(counts: readonly ProblemCount[]): Readonly<Record<OpenState, number>> {
  const of = (state: OpenState): number => problemsOf(counts.filter((count) => count.state === state));
  return { pending: of('pending'), 'needs-human': of('needs-human'), exhausted: of('exhausted') };
}

export interface RiskRow {
  readonly currency: string;
  /** Minor units; null where no problem is. */
  readonly byPocket: Readonly<Record<OutOfPocket, string | null>>;
  readonly total: string;
}

/** Value at risk by currency and by who is out of pocket. */
export function riskRows(open: readonly ProblemCount[]): readonly RiskRow[] {
  return amountsOf(open).map(({ currency, amountMinor }) => {
    const of = (pocket: OutOfPocket): string | null =>
      amountsOf(open.filter((count) => count.currency === currency && count.outOfPocket === pocket))[0]
        ?.amountMinor ?? null;
    const [customer, company, nobody] = OUT_OF_POCKET;
    return {
      currency,
      byPocket: { customer: of(customer), company: of(company), nobody: of(nobody) },
      total: amountMinor,
    };
  });
}

/** Kinds of what executions come to, each with the outcomes that a list must be asked for. */
const KINDS = {
  repaired: ['fixed', 'already-right'],
  failed: ['failed', 'unknown'],
  refused: ['refused'],
  notYet: ['not-yet'],
  other: ['not-this-problem'],
} as const satisfies Record<string, readonly Outcome[]>;
export type Kind = keyof typeof KINDS;

export function executionsOf(hours: readonly HourOfExecutions[], kind: Kind): number {
  return hours.reduce(
    (sum, { outcomes }) => sum + KINDS[kind].reduce((own, outcome) => own + (outcomes[outcome] ?? 0), 0),
    0,
  );
}

const HOUR_MS = 3_600_000;

/** The list of the executions of these hours that came to this. */
export function hoursLink(hours: readonly HourOfExecutions[], kind: Kind): string {
  const last = hours.at(-1);
  return executionsLink({
    outcome: KINDS[kind].join(','),
    finishedFrom: hours[0]?.hour ?? null,
    finishedTo: last === undefined ? null : new Date(Date.parse(last.hour) + HOUR_MS).toISOString(),
  });
}
