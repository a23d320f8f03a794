/**
 * What the rules of an installation promise about people and limits, judged from the tables and from what the rules
 * were set to, without a line of the server's own gates.
 */
import { type ScenarioCode, TAKES_FROM_CUSTOMER } from '@piculus/protocol';
import { leasePlace } from '@piculus/protocol/tracing';
import type { RulesProfile } from '../profile.ts';
import type { Change, Engine } from '../store/index.ts';
import { Violation } from './money.ts';

type Row = Readonly<Record<string, unknown>>;
const textOf = (value: unknown): string => String(value);
const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** What ticks may run of each scenario, as an installation sets it; one that is not named waits for a person. */
export type Unattended = Partial<Record<ScenarioCode, 'automatic' | 'below-amount' | 'person'>>;

/**
 * So long after the switch nothing that was handed out before is begun any more: a lease that nobody renews runs out,
 * one that somebody renews is taken back.
 */
const TAKEN_BACK_MS = 40_000;
const PEOPLE_NEEDED: ReadonlySet<string> = new Set<string>(TAKES_FROM_CUSTOMER);

export interface RuleParts {
  readonly engine: Engine;
  readonly rules: RulesProfile;
  readonly unattended: Unattended;
  readonly nowMs: () => number;
}

interface Stop {
  readonly atMs: number;
  readonly includeManual: boolean;
}

export class RuleInvariants {
  readonly #parts: RuleParts;
  /** Each problem of a request as it was when a second person was asked, by `request problem`. */
  readonly #asked = new Map<string, string>();
  readonly #alone = new Map<string, bigint>();
  /** What ticks handed out, by `lease problem`. */
  readonly #handedOut = new Map<string, bigint>();
  readonly #stops = new Map<string, Stop>();
  #broken: Violation | null = null;

  constructor(parts: RuleParts) {
    this.#parts = parts;
  }

  /** @throws Violation */
  check(): void {
    if (this.#broken) throw this.#broken;
  }

  #broke(invariant: 'I12' | 'I13' | 'I14' | 'I15', key: string | null, detail: string): void {
    this.#broken ??= new Violation(invariant, key, detail);
  }

  /** Within each commit. */
  committed(changes: readonly Change[]): void {
    const requested: Row[] = [];
    for (const { table, before, after } of changes) {
      if (table === 'approval_problems' && after) this.#asks(after);
      if (table === 'approvals' && after && textOf(after['state']) === 'approved') this.#twoPeople(after);
      if (table === 'run_requests' && after && !before) requested.push(after);
      if (table === 'leases') this.#lease(before, after);
      if (table === 'halts' && after) this.#halt(after);
      if (table === 'bulk_run_items' && before && after) this.#settledOnce(before, after);
    }
    if (requested.length > 0) this.#requested(requested);
  }

  // Second people ---------------------------------------------------------------------------------------------------

  #asks({ approval_id: request, problem_id: id }: Row): void {
    const problem = this.#problem(id);
    if (problem) this.#asked.set(`${textOf(request)} ${textOf(id)}`, seen(problem));
  }

  /** I12: who agrees is somebody else than who asked. */
  #twoPeople({ id, requested_by_id: first, decided_by_id: second }: Row): void {
    if (second !== null && first !== second) return;
    this.#broke('I12', null, `the request ${textOf(id)} of ${textOf(first)} has no second person`);
  }

  /** I12: what is handed out may run by itself, or somebody asked for it, and where it takes two, two agreed. */
  #mayRun(lease: Row, id: string): void {
    const problem = this.#problem(id);
    if (!problem) return;
    const key = textOf(problem['business_key']);
    if (textOf(lease['trigger']) === 'tick') {
      if (!this.#runsAlone(problem)) this.#broke('I12', key, 'a tick runs what a person has to run');
      return;
    }
    const request = this.#parts.engine.rows('run_requests').find((row) => textOf(row['problem_id']) === id);
    if (!request) this.#broke('I12', key, 'it is run for a click that is not there');
    else if (this.#needsTwo(problem)) this.#agreed(request, problem, lease);
  }

  #agreed({ approval_id: approval, requested_by: person }: Row, problem: Row, lease: Row): void {
    const key = textOf(problem['business_key']);
    const wrong = (why: string): void => this.#broke('I12', key, why);
    const id = textOf(approval);
    const request = this.#parts.engine.rows('approvals').find((row) => textOf(row['id']) === id);
    const [until, from] = [request?.['expires_at'], lease['leased_at']];
    if (approval === null) wrong('it takes two people, and one alone runs it');
    else if (request?.['state'] !== 'approved' || request['requested_by'] !== person)
      wrong(`the request ${id} was not approved for ${textOf(person)}`);
    else if (!(until instanceof Date) || !(from instanceof Date) || until <= from)
      wrong(`the request ${id} had expired`);
    else if (this.#asked.get(`${id} ${textOf(problem['id'])}`) !== seen(problem))
      wrong('it is not what the second person agreed to');
  }

  #runsAlone(problem: Row): boolean {
    const { rules, unattended } = this.#parts;
    if (!rules.twoPeople) return true;
    const levels: Readonly<Record<string, string | undefined>> = unattended;
    const level = levels[textOf(problem['scenario'])];
    if (level === 'below-amount') return amountOf(problem) <= BigInt(rules.tickMinor);
    return level === 'automatic';
  }

  #needsTwo(problem: Row): boolean {
    const { rules } = this.#parts;
    if (!rules.twoPeople) return false;
    return PEOPLE_NEEDED.has(textOf(problem['scenario'])) || amountOf(problem) > BigInt(rules.aloneMinor);
  }

  // Limits ----------------------------------------------------------------------------------------------------------

  /** I13: nobody alone runs more at once, or in a day, than the rules let one person run. */
  #requested(rows: readonly Row[]): void {
    const { rules } = this.#parts;
    if (!rules.twoPeople) return;
    const alone = rows.filter((row) => row['approval_id'] === null);
    for (const person of new Set(alone.map((row) => textOf(row['requested_by'])))) {
      const own = alone.filter((row) => textOf(row['requested_by']) === person);
      const sum = own.reduce((total, row) => total + this.#amount(row['problem_id']), 0n);
      const day = (this.#alone.get(person) ?? 0n) + sum;
      this.#alone.set(person, day);
      if (own.length > rules.bulkProblems)
        this.#broke('I13', null, `${person} alone runs ${own.length} problems at once`);
      if (own.length > 1 && sum > BigInt(rules.bulkMinor))
        this.#broke('I13', null, `${person} alone runs ${sum} at once`);
      if (day > BigInt(rules.dayMinor)) this.#broke('I13', null, `${person} alone runs ${day} in one day`);
    }
  }

  #lease(before: Row | null, after: Row | null): void {
    if (before === null && after !== null) {
      this.#made(after);
      return;
    }
    const lease = after ?? before;
    if (lease === null || textOf(lease['trigger']) !== 'tick') return;
    // What comes back without an execution was never used.
    const left = after === null ? listOf(lease['problem_ids']) : listOf(after['answered_ids']);
    const executed = this.#executed(lease['id']);
    for (const id of left) if (!executed.has(id)) this.#handedOut.delete(`${textOf(lease['id'])} ${id}`);
  }

  #made(lease: Row): void {
    const ids = listOf(lease['problem_ids']);
    for (const id of ids) this.#mayRun(lease, id);
    this.#standsStill(lease);
    if (textOf(lease['trigger']) !== 'tick') return;
    for (const id of ids) this.#handedOut.set(`${textOf(lease['id'])} ${id}`, this.#amount(id));
    this.#underLimit();
  }

  /** I13: a run is shorter than an hour, so all that ticks ever handed out in it is of one hour. */
  #underLimit(): void {
    const { executionsPerHour, amountPerHour } = this.#parts.rules;
    const executions = this.#handedOut.size;
    if (executionsPerHour > 0 && executions > executionsPerHour)
      this.#broke('I13', null, `ticks handed out ${executions} in an hour; ${executionsPerHour} are allowed`);
    const sum = [...this.#handedOut.values()].reduce((total, amount) => total + amount, 0n);
    if (amountPerHour > 0 && sum > BigInt(amountPerHour))
      this.#broke('I13', null, `ticks handed out ${sum} in an hour; ${amountPerHour} is allowed`);
  }

  // The switch ------------------------------------------------------------------------------------------------------

  #halt(row: Row): void {
    if (textOf(row['kind']) !== 'switch') return;
    const id = textOf(row['id']);
    if (row['ended_at'] !== null) this.#stops.delete(id);
    else this.#stops.set(id, { atMs: this.#parts.nowMs(), includeManual: row['include_manual'] === true });
  }

  /** I14: after the switch nothing is handed out. */
  #standsStill(lease: Row): void {
    if (this.#stopped(lease))
      this.#broke('I14', null, `a lease of a ${textOf(lease['trigger'])} while all is stopped`);
  }

  /** I14: and what was handed out before is not begun for long. Told where a client begins a command. */
  begins(place: string): void {
    if (this.#stops.size === 0) return;
    const leases = this.#parts.engine.rows('leases');
    const lease = leases.find(({ id }) => leasePlace(textOf(id)).spanId === place);
    const stop = lease && this.#stopped(lease);
    if (!lease || !stop || this.#parts.nowMs() - stop.atMs <= TAKEN_BACK_MS) return;
    const seconds = ((this.#parts.nowMs() - stop.atMs) / 1_000).toFixed(1);
    this.#broke(
      'I14',
      null,
      `a command of the lease ${textOf(lease['id'])} is begun ${seconds} s after all was stopped`,
    );
  }

  #stopped(lease: Row): Stop | undefined {
    const isTick = textOf(lease['trigger']) === 'tick';
    return [...this.#stops.values()].find(({ includeManual }) => isTick || includeManual);
  }

  // Bulk runs -------------------------------------------------------------------------------------------------------

  /** I15: each problem of a bulk run has one answer. */
  #settledOnce(before: Row, after: Row): void {
    const [was, is] = [textOf(before['result']), textOf(after['result'])];
    if (was !== 'waiting' && was !== is)
      this.#broke(
        'I15',
        null,
        `problem ${textOf(after['problem_id'])} of a bulk run was ${was} and is ${is}`,
      );
  }

  /** I15: and the counts of a run are those of its problems, and it ended. @throws Violation */
  atEnd(): void {
    const { engine } = this.#parts;
    const items = engine.rows('bulk_run_items');
    const counts = engine.rows('bulk_run_results');
    for (const run of engine.rows('bulk_runs')) {
      const id = textOf(run['id']);
      const own = items.filter((row) => textOf(row['bulk_run_id']) === id);
      for (const result of new Set(own.map((row) => textOf(row['result'])))) {
        const real = own.filter((row) => textOf(row['result']) === result).length;
        const row = counts.find((one) => textOf(one['bulk_run_id']) === id && one['result'] === result);
        if (Number(row?.['problems'] ?? 0) !== real)
          this.#broke(
            'I15',
            null,
            `the bulk run ${id} counts ${textOf(row?.['problems'])} ${result}, and has ${real}`,
          );
      }
      const waiting = own.some((row) => row['result'] === 'waiting');
      if (waiting || run['finished_at'] === null) this.#broke('I15', null, `the bulk run ${id} did not end`);
    }
    this.check();
  }

  // Rows ------------------------------------------------------------------------------------------------------------

  #problem(id: unknown): Row | undefined {
    return this.#parts.engine.rows('problems').find((row) => textOf(row['id']) === textOf(id));
  }

  #amount(id: unknown): bigint {
    const problem = this.#problem(id);
    return problem ? amountOf(problem) : 0n;
  }

  #executed(leaseId: unknown): ReadonlySet<string> {
    const own = this.#parts.engine.rows('executions').filter((row) => row['lease_id'] === leaseId);
    return new Set(own.map((row) => textOf(row['problem_id'])));
  }
}

function amountOf(problem: Row): bigint {
  const amount = BigInt(textOf(problem['amount_minor']));
  return amount < 0n ? -amount : amount;
}

/** What somebody who agrees looks at; when its facts were read is no part of it. */
function seen(problem: Row): string {
  const { scenario, handling, state, reopened, reopen_count: reopens, attempts, currency } = problem;
  const facts = spelled(problem['facts']);
  const amount = textOf(amountOf(problem));
  return JSON.stringify([
    scenario,
    handling,
    state,
    reopened,
    textOf(reopens),
    textOf(attempts),
    currency,
    amount,
    facts,
  ]);
}

function spelled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(spelled);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => name !== 'observedAt');
  return kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, spelled(inner)]);
}
