/** One statement while it runs. */
import type { EngineState } from './engine.ts';
import type { Transaction } from './transactions.ts';
import type { CommonPlan } from './scope.ts';
import { NotSupported } from './tokens.ts';
import type { Value } from './values.ts';

/**
 * What a statement has drawn from sequences, and the moments that the statements of its triggers see: the same again
 * where it has to begin anew after a wait, which PostgreSQL has only in the middle of it.
 */
export class Drawn {
  readonly #values: bigint[] = [];
  readonly #moments: number[] = [];
  #next = 0;
  #nextMoment = 0;
  draw(sequence: () => bigint): bigint {
    const known = this.#values[this.#next];
    const value = known ?? sequence();
    if (known === undefined) this.#values.push(value);
    this.#next += 1;
    return value;
  }
  moment(now: () => number): number {
    const moment = this.#moments[this.#nextMoment] ?? now();
    this.#moments[this.#nextMoment] = moment;
    this.#nextMoment += 1;
    return moment;
  }
  again(): void {
    this.#next = 0;
    this.#nextMoment = 0;
  }
}

export class Run {
  readonly state: EngineState;
  readonly transaction: Transaction;
  /** What this statement writes carries this number, and is not seen by itself. */
  readonly command: number;
  /** The newest commit that it sees. */
  readonly snapshot: number;
  readonly parameters: readonly unknown[];
  readonly drawn: Drawn;
  readonly #commons = new Map<CommonPlan, readonly (readonly Value[])[]>();
  /** Answers of queries inside of the statement that depend on nothing around them. */
  readonly cache = new Map<object, unknown>();

  constructor(given: {
    state: EngineState;
    transaction: Transaction;
    command: number;
    snapshot: number;
    parameters: readonly unknown[];
    drawn: Drawn;
  }) {
    this.state = given.state;
    this.transaction = given.transaction;
    this.command = given.command;
    this.snapshot = given.snapshot;
    this.parameters = given.parameters;
    this.drawn = given.drawn;
  }

  /** A statement of a trigger or a function: it sees what was written before it in the same transaction. */
  inner(): Run {
    const { state, transaction, parameters, drawn } = this;
    transaction.commands += 1;
    return new Run({
      state,
      transaction,
      command: transaction.commands,
      snapshot: drawn.moment(() => state.snapshotOf(transaction)),
      parameters,
      drawn,
    });
  }

  /** The same where the rows of a trigger have to stay known. */
  innerKeeping(): Run {
    const made = this.inner();
    for (const [common, rows] of this.#commons) made.setCommon(common, rows);
    return made;
  }

  setCommon(common: CommonPlan, rows: readonly (readonly Value[])[]): void {
    this.#commons.set(common, rows);
  }
  common(common: CommonPlan): readonly (readonly Value[])[] {
    const rows = this.#commons.get(common);
    if (rows === undefined) throw new NotSupported(`${common.name} before it was made`);
    return rows;
  }
}
