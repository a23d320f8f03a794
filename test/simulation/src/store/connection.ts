/** One connection, with the transaction that is open on it. */
import { PiculusError } from '@piculus/protocol';
import type { Control } from './ast.ts';
import type { Answer, EngineState } from './engine.ts';
import { type Plan, plansOf } from './plans.ts';
import type { Fault, PoolOptions } from './pool.ts';
import { NotSupported } from './tokens.ts';
import type { Transaction } from './transactions.ts';
import { databaseError } from './values.ts';

const NOTHING: Answer = { command: 'SELECT', rowCount: 0, rows: [] };
const never = new Promise<never>(() => {});
const LABELS = new Map<string, string>();
function labelOf(sql: string): string {
  let label = LABELS.get(sql);
  if (label === undefined) {
    label = sql.replaceAll(/\s+/g, ' ').trim().slice(0, 80);
    LABELS.set(sql, label);
  }
  return label;
}
const away = (): PiculusError => new PiculusError('database-away');
/** As the server's own pool tells it. */
function lockTimeout(): PiculusError {
  const late = away();
  late.cause = databaseError('55P03', 'canceling statement due to lock timeout');
  return late;
}

export class Connection {
  readonly label: string;
  readonly #options: PoolOptions;
  readonly #isDead: () => boolean;
  #transaction: Transaction | null = null;
  #stopWaiting: ((error: Error) => void) | null = null;
  #stopIdleTimer: (() => void) | null = null;
  isBroken = false;

  constructor(label: string, options: PoolOptions, isDead: () => boolean) {
    this.label = label;
    this.#options = options;
    this.#isDead = isDead;
  }

  async query(sql: string, parameters: readonly unknown[]): Promise<Answer> {
    const { lane, isAway, faults, rewrite } = this.#options;
    const label = labelOf(sql);
    this.#idleEnds();
    await lane.turn('send', label);
    if (this.#isDead()) return never;
    if (isAway()) this.break();
    if (this.isBroken) return this.#fail(away(), label);
    const before = faults().before?.(lane.name, sql) ?? null;
    if (before !== null) return this.#fail(this.#suffer(before), label);
    let answer: Answer;
    try {
      answer = await this.#perform(rewrite(sql), parameters);
    } catch (error) {
      return this.#fail(error, label);
    }
    if (this.#isDead()) return never;
    if (faults().after?.(lane.name, sql) === 'lost') {
      this.break();
      return this.#fail(away(), label);
    }
    this.#idleBegins();
    await lane.turn('answer', label);
    return this.#isDead() ? never : answer;
  }

  /** An error is an answer as well, and takes its time. */
  async #fail(error: unknown, label: string): Promise<never> {
    if (this.#isDead()) return never;
    if (!this.isBroken) this.#idleBegins();
    await this.#options.lane.turn('answer', label);
    if (this.#isDead()) return never;
    throw error;
  }

  #suffer(fault: Fault): Error {
    if (fault === 'lost') {
      this.break();
      return away();
    }
    if (this.#transaction !== null) {
      this.#transaction.failed = true;
      this.#options.state.rollback(this.#transaction);
    }
    return fault === 'deadlock'
      ? databaseError('40P01', 'deadlock detected')
      : databaseError('40001', 'could not serialize access');
  }

  async #perform(sql: string, parameters: readonly unknown[]): Promise<Answer> {
    const plans = [...plansOf(this.#options.state.catalog, sql)];
    let answer = NOTHING;
    for (const plan of plans) answer = await this.#one(plan, parameters);
    return answer;
  }

  #one(plan: Plan, parameters: readonly unknown[]): Promise<Answer> | Answer {
    if (plan.kind === 'control') return this.#control(plan.control);
    // What a session sets about itself is left out.
    if (plan.kind === 'define') {
      this.#options.state.define(plan.definition);
      return NOTHING;
    }
    if (this.#transaction?.failed === true) {
      throw databaseError(
        '25P02',
        'current transaction is aborted, commands ignored until end of transaction block',
      );
    }
    return this.#run(plan, parameters);
  }

  #control(control: Control): Answer {
    const { state } = this.#options;
    if (control.kind === 'begin') {
      const repeatable = control.isolation !== null && control.isolation !== 'read committed';
      if (control.isolation === 'serializable') return unsupported('serializable transactions');
      this.#transaction = state.begin(this.label, repeatable ? 'repeatable read' : 'read committed');
      return NOTHING;
    }
    const transaction = this.#transaction;
    this.#transaction = null;
    if (transaction !== null)
      control.kind === 'commit' ? state.commit(transaction) : state.rollback(transaction);
    return NOTHING;
  }

  #run(plan: Extract<Plan, { kind: 'query' }>, parameters: readonly unknown[]): Promise<Answer> {
    const { state } = this.#options;
    const open = this.#transaction;
    const transaction = open ?? state.begin(this.label, 'read committed');
    return new Promise((resolve, reject) => {
      let isDone = false;
      let stopTimer: (() => void) | null = null;
      const settle = (): void => {
        isDone = true;
        this.#stopWaiting = null;
        stopTimer?.();
      };
      const cancel = state.perform({
        transaction,
        query: plan.query,
        command: plan.command,
        parameters,
        done: (answer) => {
          settle();
          if (open === null) state.commit(transaction);
          resolve(answer);
        },
        fail: (error) => {
          settle();
          // Its locks are free from now on, though its owner has not heard of it yet.
          transaction.failed = true;
          state.rollback(transaction);
          reject(error);
        },
      });
      if (isDone) return;
      this.#stopWaiting = (error) => {
        cancel(error);
        state.rollback(transaction);
      };
      stopTimer = this.#lockTimer(cancel);
    });
  }

  #lockTimer(cancel: (error: Error) => void): (() => void) | null {
    const { after, timeouts } = this.#options;
    const { lockMs } = timeouts();
    if (after === undefined || lockMs === 0) return null;
    return after(lockMs, () => cancel(lockTimeout()));
  }

  // PostgreSQL ends a session that leaves a transaction open and says nothing.
  #idleBegins(): void {
    const { after, timeouts } = this.#options;
    const { idleMs } = timeouts();
    if (after === undefined || idleMs === 0 || this.#transaction === null) return;
    this.#stopIdleTimer = after(idleMs, () => this.break());
  }
  #idleEnds(): void {
    this.#stopIdleTimer?.();
    this.#stopIdleTimer = null;
  }

  /** Whoever had it gives it back; a transaction that was left open on it is not to outlive that. */
  leave(): void {
    if (this.#transaction !== null) this.break();
  }

  /** The connection is gone, and with it what was open on it. */
  break(): void {
    this.isBroken = true;
    this.#idleEnds();
    const transaction: Transaction | null = this.#transaction;
    this.#transaction = null;
    this.#stopWaiting?.(away());
    this.#stopWaiting = null;
    if (transaction !== null) this.#state().rollback(transaction);
  }
  #state(): EngineState {
    return this.#options.state;
  }
}

function unsupported(what: string): never {
  throw new NotSupported(what);
}
