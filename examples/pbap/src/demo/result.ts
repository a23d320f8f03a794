/** The one JSON object of a run with --once, and whether the run was right. */
import type { Execution, Problem } from '@piculus/protocol/http';
import type { MoneyReport } from './check.ts';
import type { Plan } from './plan.ts';
import { DEMO_SCENARIOS, type DemoScenario, SCENARIO_RULES } from './scenarios.ts';

export interface ScenarioResult {
  readonly scenario: DemoScenario;
  readonly fixCode: string;
  readonly injected: number;
  /** Injected orders that were reported under the right scenario and fix code. */
  readonly reported: number;
  readonly fixed: number;
  /** Injected and not fixed. */
  readonly open: number;
}

/** Amounts are sums of minor units over all accounts, as text. */
export interface DemoResult {
  readonly orders: number;
  readonly accounts: number;
  readonly scenarios: readonly ScenarioResult[];
  /** Reported, but not injected, or reported as something else. */
  readonly falsePositives: number;
  readonly ledger: {
    readonly expectedMinor: string;
    readonly actualMinor: string;
    readonly accountsOff: number;
  };
  readonly bank: {
    readonly paidTwice: number;
    readonly collectedTwice: number;
    readonly paidAndReturned: number;
  };
  /** `movedMinor`: the absolute amounts that repairs booked, sent or gave back. */
  readonly repairs: { readonly executions: number; readonly movedMinor: string };
  readonly durationMs: number;
}

/** What one system of the run came to. */
export interface SystemOutcome {
  readonly plan: Plan;
  readonly problems: readonly Problem[];
  readonly executions: readonly Execution[];
  readonly money: MoneyReport;
}

export function toResult(systems: readonly SystemOutcome[], durationMs: number): DemoResult {
  const sum = (value: (system: SystemOutcome) => number): number =>
    systems.reduce((all, one) => all + value(one), 0);
  const minor = (value: (system: SystemOutcome) => bigint): string =>
    systems.reduce((all, one) => all + value(one), 0n).toString();
  return {
    orders: sum(({ plan }) => plan.orders.length),
    accounts: sum(({ plan }) => plan.accounts.length),
    scenarios: DEMO_SCENARIOS.map((scenario) => scenarioResult(scenario, systems)),
    falsePositives: sum(falsePositives),
    ledger: {
      expectedMinor: minor(({ money }) => money.expectedMinor),
      actualMinor: minor(({ money }) => money.actualMinor),
      accountsOff: sum(({ money }) => money.accountsOff),
    },
    bank: {
      paidTwice: sum(({ money }) => money.paidTwice),
      collectedTwice: sum(({ money }) => money.collectedTwice),
      paidAndReturned: sum(({ money }) => money.paidAndReturned),
    },
    repairs: {
      executions: sum(({ executions }) => executions.length),
      movedMinor: minor(({ executions }) => movedBy(executions)),
    },
    durationMs,
  };
}

function scenarioResult(scenario: DemoScenario, systems: readonly SystemOutcome[]): ScenarioResult {
  let [injected, reported, fixed] = [0, 0, 0];
  for (const { plan, problems } of systems) {
    const found = new Map(
      problems.filter((problem) => isRight(problem, scenario)).map((p) => [p.businessKey, p]),
    );
    for (const order of plan.orders) {
      if (order.scenario !== scenario) continue;
      injected++;
      const problem = found.get(order.orderNo);
      if (problem === undefined) continue;
      reported++;
      if (problem.state === 'fixed') fixed++;
    }
  }
  return {
    scenario,
    fixCode: SCENARIO_RULES[scenario].fixCode,
    injected,
    reported,
    fixed,
    open: injected - fixed,
  };
}

const isRight = (problem: Problem, scenario: DemoScenario): boolean =>
  problem.scenario === scenario && problem.fixCode === SCENARIO_RULES[scenario].fixCode;

function falsePositives({ plan, problems }: SystemOutcome): number {
  const injected = new Map(plan.orders.map((order) => [order.orderNo, order.scenario]));
  return problems.filter((problem) => {
    const scenario = injected.get(problem.businessKey);
    return scenario === undefined || scenario === null || !isRight(problem, scenario);
  }).length;
}

/**
 * The server counts each effect once, in the execution that first told of it. That may be a replayed one, where
 * the client died between repairing and saying so.
 */
function movedBy(executions: readonly Execution[]): bigint {
  return executions.reduce(
    (sum, { movedMinor }) => sum + (BigInt(movedMinor) < 0n ? -BigInt(movedMinor) : BigInt(movedMinor)),
    0n,
  );
}

/** @returns what is wrong with the run, in words; empty where it is right for this profile. */
export function judge(result: DemoResult, systems: readonly SystemOutcome[], blind: boolean): string[] {
  const wrong = systems.flatMap(({ money }) => money.faults);
  if (result.falsePositives > 0)
    wrong.push(`${result.falsePositives} problems were reported that nobody made`);
  if (result.ledger.expectedMinor !== result.ledger.actualMinor) {
    wrong.push(`the accounts hold ${result.ledger.actualMinor} instead of ${result.ledger.expectedMinor}`);
  }
  for (const { scenario, injected, reported, fixed } of result.scenarios) {
    if (blind && fixed > 0) wrong.push(`${scenario}: ${fixed} were repaired although the bank is blind`);
    if (!blind && reported !== injected) wrong.push(`${scenario}: ${reported} of ${injected} were reported`);
    if (!blind && fixed !== injected) wrong.push(`${scenario}: ${fixed} of ${injected} were repaired`);
  }
  if (blind && result.repairs.movedMinor !== '0') wrong.push(`repairs moved ${result.repairs.movedMinor}`);
  return wrong;
}

/** A table for people. */
export function toTable(result: DemoResult): string {
  const rows = [
    ['row', 'injected', 'reported', 'fixed', 'open', 'fix'],
    ...result.scenarios.map((row) => [
      row.scenario,
      String(row.injected),
      String(row.reported),
      String(row.fixed),
      String(row.open),
      row.fixCode,
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const { ledger, bank, repairs } = result;
  return [
    ...lines,
    '',
    `${result.orders} orders, ${result.accounts} accounts, ${result.falsePositives} false positives`,
    `accounts: expected ${ledger.expectedMinor}, actual ${ledger.actualMinor}, off ${ledger.accountsOff}`,
    `bank: paid twice ${bank.paidTwice}, collected twice ${bank.collectedTwice}, paid and returned ${bank.paidAndReturned}`,
    `repairs: ${repairs.executions} executions moved ${repairs.movedMinor} minor units`,
    `${(result.durationMs / 1000).toFixed(1)} s`,
  ].join('\n');
}
