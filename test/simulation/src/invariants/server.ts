/** What must hold of the server's own records, judged from what is committed and from what was acknowledged. */
import { readFrame } from '@piculus/protocol';
import type { Engine, Change } from '../store/index.ts';
import { Violation } from './money.ts';

type Row = Record<string, unknown>;
const textOf = (value: unknown): string => String(value);
const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

export class ServerInvariants {
  readonly #engine: Engine;
  readonly #maxRetries: number;
  readonly #ticks = new Map<unknown, string>();
  readonly #executedIn = new Set<string>();
  #broken: Violation | null = null;
  #leasesChanged = false;
  /** Leases that the present commit changes, as they were. */
  #before: ReadonlyMap<unknown, Row> = new Map();

  constructor(engine: Engine, maxRetries: number) {
    this.#engine = engine;
    this.#maxRetries = maxRetries;
  }

  /** @throws Violation */
  check(): void {
    if (this.#broken) throw this.#broken;
    if (!this.#leasesChanged) return;
    this.#leasesChanged = false;
    this.#oneLease();
  }

  #broke(violation: Violation): void {
    this.#broken ??= violation;
  }

  /** Within each commit. */
  committed(changes: readonly Change[]): void {
    const before = new Map<unknown, Row>();
    for (const change of changes)
      if (change.table === 'leases' && change.before) before.set(change.before['id'], change.before);
    this.#before = before;
    for (const { table, before, after } of changes) {
      if (table === 'leases') {
        this.#leasesChanged = true;
        if (before && after) this.#leaseMoves(before, after);
      }
      if (table === 'leases' && after && !before) this.#leased(after);
      if (table === 'executions' && after && !before) this.#executed(after);
      if (table === 'problems' && after) this.#attempts(after);
      if (table === 'solutions' && before && after) this.#tick(before, after);
    }
  }

  /** I6: at most one open lease holds a record, over all fixes. */
  #oneLease(): void {
    const held = new Map<string, string>();
    for (const lease of this.#engine.rows('leases')) {
      if (lease['closed_at'] !== null) continue;
      const answered = new Set(listOf(lease['answered_ids']));
      const ids = listOf(lease['problem_ids']);
      for (const [at, key] of listOf(lease['business_keys']).entries()) {
        if (answered.has(ids[at] ?? '')) continue;
        const other = held.get(key);
        if (other !== undefined)
          throw new Violation('I6', key, `two open leases hold it: ${other} and ${textOf(lease['id'])}`);
        held.set(key, textOf(lease['id']));
      }
    }
  }

  /** I6: a closed lease stays as it is, and no epoch falls. */
  #leaseMoves(before: Row, after: Row): void {
    const id = textOf(after['id']);
    if (before['closed_at'] !== null && before['closed_at'] !== after['closed_at'])
      this.#broke(new Violation('I6', null, `the closed lease ${id} was changed`));
    if (Number(after['epoch']) < Number(before['epoch']))
      this.#broke(new Violation('I6', null, `the epoch of the lease ${id} fell`));
  }

  /** I6 and I9: an execution is of its lease, which was open when it was answered. */
  #executed(row: Row): void {
    this.#onceInTick(row);
    const key = textOf(row['business_key']);
    const leaseId = row['lease_id'];
    // The answer that closes a lease is of one transaction with it: what counts is the lease before that.
    const lease = this.#before.get(leaseId) ?? this.#engine.rows('leases').find(({ id }) => id === leaseId);
    if (!lease) return;
    if (lease['closed_at'] !== null)
      this.#broke(new Violation('I6', key, `answered under the closed lease ${textOf(row['lease_id'])}`));
    const again = this.#engine
      .rows('executions')
      .some(
        (other) =>
          other['lease_id'] === row['lease_id'] &&
          other['problem_id'] === row['problem_id'] &&
          other['id'] !== row['id'],
      );
    if (again) this.#broke(new Violation('I9', key, 'one lease has two executions of one problem'));
  }

  /** Of which tick a lease is: the one that its solution was at when it was made. */
  #leased(lease: Row): void {
    if (lease['trigger'] !== 'tick') return;
    const solution = this.#engine.rows('solutions').find(({ id }) => id === lease['solution_id']);
    this.#ticks.set(lease['id'], `${textOf(lease['fix_code'])} ${textOf(solution?.['tick_at'])}`);
  }

  /** I9: a tick executes a problem once. */
  #onceInTick(row: Row): void {
    const tick = this.#ticks.get(row['lease_id']);
    if (tick === undefined) return;
    const place = `${textOf(row['problem_id'])} ${tick}`;
    if (this.#executedIn.has(place))
      this.#broke(new Violation('I9', textOf(row['business_key']), `executed twice in one tick: ${tick}`));
    this.#executedIn.add(place);
  }

  /** I9: never more retries than the solution allows. */
  #attempts(row: Row): void {
    const used = Number(row['retries_used']);
    if (used <= 1 + this.#maxRetries) return;
    this.#broke(new Violation('I9', textOf(row['business_key']), `${used} retries were used`));
  }

  /** I9: a solution's tick goes forward only. */
  #tick(before: Row, after: Row): void {
    const [was, is] = [before['tick_at'], after['tick_at']];
    if (!(was instanceof Date) || !(is instanceof Date)) return;
    if (is.getTime() < was.getTime())
      this.#broke(new Violation('I9', null, `the tick of ${textOf(after['fix_code'])} went back`));
  }

  /** I7: what is acknowledged is committed. */
  acknowledged(frame: string): void {
    const { type, body } = readFrame(frame);
    if (typeof body !== 'object' || body === null) return;
    if (type === 'fix-results' && 'results' in body && 'leaseId' in body) {
      const kept = new Set(
        this.#engine
          .rows('executions')
          .filter((row) => row['lease_id'] === body.leaseId)
          .map((row) => textOf(row['problem_id'])),
      );
      for (const id of fieldsOf(body.results, 'problemId'))
        if (!kept.has(id)) this.#broke(new Violation('I7', null, `the answer for problem ${id} is not kept`));
    }
    if (type === 'problems' && 'problems' in body) {
      const kept = new Set(this.#engine.rows('problems').map((row) => textOf(row['business_key'])));
      for (const key of fieldsOf(body.problems, 'businessKey'))
        if (!kept.has(key)) this.#broke(new Violation('I7', key, 'the report is acknowledged and not kept'));
    }
  }

  /** I11: the counts that are kept are those of the rows. @throws Violation */
  atEnd(): void {
    const counted = new Map<string, number>();
    const keyOf = (row: Row): string =>
      ['sys_code', 'fix_code', 'scenario', 'state', 'out_of_pocket', 'currency'].map((c) => row[c]).join(' ');
    for (const row of this.#engine.rows('problems')) {
      counted.set(keyOf(row), (counted.get(keyOf(row)) ?? 0) + 1);
    }
    for (const row of this.#engine.rows('problem_counts')) {
      const kept = Number(row['problems']);
      const real = counted.get(keyOf(row)) ?? 0;
      if (kept !== real)
        throw new Violation('I11', null, `${keyOf(row)}: ${kept} are counted, ${real} are there`);
      counted.delete(keyOf(row));
    }
    for (const [key, real] of counted)
      if (real > 0) throw new Violation('I11', null, `${key}: none are counted, ${real} are there`);
  }
}

function fieldsOf(list: unknown, field: string): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((each: unknown) =>
    typeof each === 'object' && each !== null && field in each ? [String(Reflect.get(each, field))] : [],
  );
}
