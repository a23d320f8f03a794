/**
 * One execution of one command: fence, then rounds of examine, plan and the first step of the plan, until a
 * plan no longer says `act`. Nothing is called fixed that was not examined again after the last step.
 */
import {
  type Effect,
  LIMITS,
  type PlanStep,
  type ReportedOutcome,
  type ScenarioCode,
} from '@piculus/protocol';
import type { Clock } from '../clock.ts';
import type { Command, Fix, FixContext } from '../fix.ts';
import type { Journal } from '../journal/journal.ts';
import type { Logger } from '../logger.ts';
import { type MaskedFacts, maskFacts, NO_FACTS, type PersonalTable } from '../masking/facts.ts';
import { scrubText } from '../masking/mask.ts';
import { boundText, describeError, storable } from '../masking/text.ts';
import { gaveUpBecause } from './give-up.ts';

export interface ExecutionDependencies<Tx> {
  readonly journal: Journal<Tx>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Which facts of this fix are personal. */
  readonly personalOf: (fix: { readonly personal?: readonly string[] }) => PersonalTable;
  /** Examinations in one execution; a plan that still says `act` after these has failed. */
  readonly roundsMax: number;
}

/** How the rounds ended, before it is known what was committed. */
export interface Ending {
  readonly outcome: ReportedOutcome;
  readonly scenario: ScenarioCode | null;
  readonly reason: string;
  readonly seen: MaskedFacts | typeof NO_FACTS;
}

const RELEASE_TRIES = 3;
const RELEASE_PAUSE_MS = 100;

export class Execution<Tx> {
  readonly #deps: ExecutionDependencies<Tx>;
  readonly #fix: Fix<unknown, PlanStep, Tx>;
  readonly #command: Command;
  readonly #signal: AbortSignal;
  readonly #context: FixContext<Tx>;
  #seen: MaskedFacts | typeof NO_FACTS = NO_FACTS;

  constructor(
    deps: ExecutionDependencies<Tx>,
    fix: Fix<unknown, PlanStep, Tx>,
    command: Command,
    signal: AbortSignal,
  ) {
    this.#deps = deps;
    this.#fix = fix;
    this.#command = command;
    this.#signal = signal;
    this.#context = {
      command,
      signal,
      record: (tx: Tx, effect: Effect) => deps.journal.record(tx, command.commandKey, effect),
    };
  }

  /** @returns null where the execution was given up and has nothing to say. */
  async run(): Promise<Ending | null> {
    // Whoever has the command by now may hold its fence, which must not be taken from under it.
    if (this.#signal.aborted) return this.#givenUp();
    const { fence } = this.#fix;
    if (!fence) return this.#rounds();
    let held: Awaited<ReturnType<typeof fence>>;
    try {
      held = await fence.call(this.#fix, this.#command);
    } catch (error) {
      return this.#thrown('fence', error);
    }
    if (!held.held) return this.#ending(held.outcome, null, held.reason);
    try {
      return await this.#rounds();
    } finally {
      await this.#release(held.release);
    }
  }

  async #rounds(): Promise<Ending | null> {
    let phase = 'examine';
    let last: { scenario: ScenarioCode; reason: string } | null = null;
    try {
      for (let round = 1; round <= this.#deps.roundsMax; round += 1) {
        if (this.#signal.aborted) return this.#givenUp();
        phase = 'examine';
        const evidence = await this.#fix.examine(this.#command, this.#signal);
        this.#see(evidence);
        phase = 'plan';
        const plan = this.#fix.plan(this.#command, evidence);
        if (plan.verdict !== 'act') return this.#ending(plan.verdict, plan.scenario, plan.reason);
        last = plan;
        const [step] = plan.steps;
        phase = `apply ${step.kind}`;
        // Between reading and acting the lease may have gone; the step's own guards hold for what comes later.
        if (this.#signal.aborted) return this.#givenUp();
        const applied = await this.#fix.apply(step, evidence, this.#context);
        if (applied.result === 'stop') return this.#ending(applied.outcome, plan.scenario, applied.reason);
      }
    } catch (error) {
      return this.#thrown(phase, error);
    }
    const reason = `after ${this.#deps.roundsMax} rounds the plan still wants to act: ${last?.reason ?? ''}`;
    return this.#ending('failed', last?.scenario ?? null, reason);
  }

  #see(evidence: unknown): void {
    // Facts are for people; that they cannot be shown must not stop a repair.
    try {
      this.#seen = maskFacts(this.#fix.facts(evidence), this.#deps.personalOf(this.#fix));
    } catch (error) {
      this.#seen = NO_FACTS;
      this.#deps.log.warn(
        { commandKey: this.#command.commandKey, error: this.#scrub(describeError(error)) },
        'the facts could not be shown',
      );
    }
  }

  #thrown(phase: string, error: unknown): Ending | null {
    if (this.#signal.aborted) return this.#givenUp();
    return this.#ending('failed', null, `${phase}: ${describeError(error)}`);
  }

  #givenUp(): Ending | null {
    if (gaveUpBecause(this.#signal) !== 'too-slow') return null;
    return this.#ending(
      'failed',
      null,
      'took longer than the client allows and was given up between two steps',
    );
  }

  #ending(outcome: ReportedOutcome, scenario: ScenarioCode | null, reason: string): Ending {
    return { outcome, scenario, reason: this.#scrub(reason), seen: this.#seen };
  }

  #scrub(text: string): string {
    const harmless = [this.#command.businessKey, this.#command.amountMinor, ...this.#seen.harmless];
    return boundText(scrubText(storable(text), this.#seen.personal, harmless), LIMITS.reasonLength);
  }

  async #release(release: () => Promise<void>): Promise<void> {
    const never = new AbortController().signal;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await release();
      } catch (error) {
        const fields = {
          commandKey: this.#command.commandKey,
          attempt,
          error: this.#scrub(describeError(error)),
        };
        // The same command can take its own fence again, so the next execution puts this right.
        if (attempt === RELEASE_TRIES) return this.#deps.log.error(fields, 'the fence could not be released');
        this.#deps.log.warn(fields, 'releasing the fence failed, trying again');
        await this.#deps.clock.sleep(RELEASE_PAUSE_MS * attempt, never);
      }
    }
  }
}
