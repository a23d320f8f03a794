/**
 * What an engineer writes: a collector that finds one kind of problem and a fix that repairs it.
 *
 * A fix is asked in rounds. Each round examines the record afresh, plans from what it saw and applies the
 * first planned step; then it is examined again. It ends when a plan no longer says `act`. So a crash between
 * two steps needs no special case: the next round starts from the facts, and nothing is called fixed that was
 * not read again and found right.
 */
import type {
  Effect,
  Facts,
  FeedReach,
  FixItem,
  PlanStep,
  ProblemReport,
  ReportedOutcome,
  ScenarioCode,
} from '@piculus/protocol';

/** What a collector may use while it runs. */
export interface CollectContext {
  readonly windowFrom: Date;
  readonly windowTo: Date;
  /** Fires when the collect was cancelled, taken over or the client stops; stop soon and reject with its reason. */
  readonly signal: AbortSignal;
  /** Streams found problems to the server; resolves when there is room for more (back-pressure). */
  report(problems: readonly FoundProblem[]): Promise<void>;
  /** Counts rows that were looked at, for progress and for the honest end. */
  scanned(rows: number): void;
}

/** A problem as a collector finds it; the SDK adds the fix code and masks the facts. */
export type FoundProblem = Omit<ProblemReport, 'fixCode'>;

/** How the collect ended: how far each side's data reaches and whether that covers the window. */
export interface CollectEnd {
  readonly feeds: readonly FeedReach[];
  readonly complete: boolean;
  readonly reason?: string;
}

export interface Collector {
  readonly fixCode: string;
  /** Personal fields of its facts, beside those that the client's options name: `payee`, `order.counterparty`. */
  readonly personal?: readonly string[];
  collect(context: CollectContext): Promise<CollectEnd>;
  /**
   * The walk that this collector shares with others which would read the same records. Those collectors of a
   * command that name the same object are run by it, once and all together, and their own `collect` is not called.
   */
  readonly together?: SharedWalk;
}

/** One walk over the records that finds problems of several fix codes. */
export interface SharedWalk {
  /** @returns how it ended for each of `context.fixCodes`; one that is missing counts as not complete. */
  collect(context: SharedContext): Promise<ReadonlyMap<string, CollectEnd>>;
}

export interface SharedContext extends Omit<CollectContext, 'report'> {
  /** What the command asks for, of the collectors that share the walk. Nothing else may be reported. */
  readonly fixCodes: readonly string[];
  /** As that of one collector; each problem names the fix code that it is filed under. */
  report(problems: readonly FiledProblem[]): Promise<void>;
}

export type FiledProblem = FoundProblem & Pick<ProblemReport, 'fixCode'>;

/** The command a fix gets: the wire's item, without what only the SDK needs. */
export type Command = Readonly<
  Pick<
    FixItem,
    | 'commandKey'
    | 'fixCode'
    | 'businessKey'
    | 'scenario'
    | 'amountMinor'
    | 'currency'
    | 'attempt'
    | 'trigger'
    | 'previousOutcome'
  >
>;

/** What to do next, decided from evidence alone. */
export type Plan<Step extends PlanStep = PlanStep> =
  | {
      readonly verdict: 'act';
      readonly scenario: ScenarioCode;
      /** All steps that are expected, in order; only the first is applied before the next examination. */
      readonly steps: readonly [Step, ...Step[]];
      readonly reason: string;
    }
  | {
      readonly verdict: Exclude<ReportedOutcome, 'fixed'>;
      readonly scenario: ScenarioCode | null;
      readonly reason: string;
    };

/** What applying one step came to. */
export type Applied =
  /** Done, or found done already: examine again. */
  | { readonly result: 'continue' }
  /** Ends this execution with an outcome, for instance `not-yet` where the bank works on it. */
  | {
      readonly result: 'stop';
      readonly outcome: Exclude<ReportedOutcome, 'fixed' | 'already-right'>;
      readonly reason: string;
    };

/** What a fix's steps may use. */
export interface FixContext<Tx> {
  readonly command: Command;
  readonly signal: AbortSignal;
  /**
   * Records an effect in the journal inside the transaction that commits the effect. Both commit or neither.
   * Recording the same effect key again for the same command is a no-op.
   */
  record(tx: Tx, effect: Effect): Promise<void>;
}

export interface Fix<Evidence = unknown, Step extends PlanStep = PlanStep, Tx = unknown> {
  readonly fixCode: string;
  /** Personal fields of its facts, beside those that the client's options name: `payee`, `order.counterparty`. */
  readonly personal?: readonly string[];
  /**
   * Holds the normal path off this record while the fix works; never called for a preview.
   * @returns a release, which is always called at the end, or why it could not be had.
   */
  fence?(command: Command): Promise<FenceResult>;
  /** Reads all sides now. Writes nothing. */
  examine(command: Command, signal: AbortSignal): Promise<Evidence>;
  /** The facts of the evidence as they may leave the process; fields that are personal are masked by the SDK. */
  facts(evidence: Evidence): Facts;
  /** Decides from the evidence alone: no reading, no writing, no clock. A preview calls this and stops here. */
  plan(command: Command, evidence: Evidence): Plan<Step>;
  /**
   * The unmasked values of these personal fields (`order.payee`), read afresh, for a person who may see them and
   * said why. Without it nothing is ever shown unmasked. Writes nothing and logs nothing.
   */
  reveal?(
    request: { readonly businessKey: string; readonly fields: readonly string[] },
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string | null>>>;
  /** Applies one step: a database transaction, or one call to the outside, never one inside the other. */
  apply(step: Step, evidence: Evidence, context: FixContext<Tx>): Promise<Applied>;
}

export type FenceResult =
  | { readonly held: true; release(): Promise<void> }
  | {
      readonly held: false;
      readonly outcome: 'not-yet' | 'not-this-problem' | 'refused';
      readonly reason: string;
    };

export function defineCollector<C extends Collector>(collector: C): C {
  return collector;
}

export function defineFix<Evidence, Step extends PlanStep, Tx>(
  fix: Fix<Evidence, Step, Tx>,
): Fix<Evidence, Step, Tx> {
  return fix;
}
