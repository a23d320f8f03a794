/**
 * The state machine of a problem, pure: (state, event) to next state. The drawing is docs/state-machine.md;
 * the table in the database refuses what this never makes. Reading and writing happen elsewhere.
 */
import type {
  ErrorCode,
  ExecutionMode,
  Handling,
  Outcome,
  SolutionStatus,
  StoredProblemState,
  WaitReason,
} from '@piculus/protocol';

/** What of a problem decides how it may go on. */
export interface ProblemCore {
  readonly state: StoredProblemState;
  readonly handling: Handling;
  /** Opened again after it was fixed or closed: waits for a person. */
  readonly reopened: boolean;
  readonly reopenCount: number;
  readonly attempts: number;
  readonly retriesUsed: number;
  readonly notYetSince: Date | null;
  readonly seenSinceClosed: boolean;
  readonly stateChangedAt: Date;
}

/** The states from which a problem can be executed. */
export const OPEN_STATES = [
  'pending',
  'exhausted',
  'needs-human',
] as const satisfies readonly StoredProblemState[];
export function isOpen(state: StoredProblemState): boolean {
  return OPEN_STATES.some((open) => open === state);
}

/** Where an open problem waits: for a fix, or for a person from the start. */
const openStateFor = (handling: Handling): StoredProblemState =>
  handling === 'fix' ? 'pending' : 'needs-human';

/** A problem as its first report makes it. */
export function firstReported(handling: Handling, at: Date): ProblemCore {
  return {
    state: openStateFor(handling),
    handling,
    reopened: false,
    reopenCount: 0,
    attempts: 0,
    retriesUsed: 0,
    notYetSince: null,
    seenSinceClosed: false,
    stateChangedAt: at,
  };
}

// Reported again ------------------------------------------------------------------------------------------------

export interface Observation {
  readonly handling: Handling;
  /** When the oldest of its facts was read. */
  readonly observedAt: Date;
  /** An open lease names the problem. */
  readonly executing: boolean;
  /** When the report is stored. */
  readonly at: Date;
}

export type ReportEffect = 'seen' | 'refreshed' | 'reopened';

export interface Reported {
  readonly effect: ReportEffect;
  readonly next: ProblemCore;
}

/**
 * `seen` changes nothing but the counters of sightings; `refreshed` also takes the new facts; `reopened` opens
 * what had ended. While a client works on it a problem is only seen, so that its command keeps its payload.
 */
export function afterReport(problem: ProblemCore, seen: Observation): Reported {
  if (seen.executing) return { effect: 'seen', next: problem };
  if (isOpen(problem.state)) return { effect: 'refreshed', next: refreshed(problem, seen) };
  // A collect that read the record before the repair or the person ended it says nothing new.
  if (seen.observedAt.getTime() <= problem.stateChangedAt.getTime()) return { effect: 'seen', next: problem };
  if (problem.state === 'closed') return { effect: 'seen', next: { ...problem, seenSinceClosed: true } };
  return {
    effect: 'reopened',
    next: openedAgain(problem, seen.handling, seen.at, problem.state === 'fixed'),
  };
}

function refreshed(problem: ProblemCore, seen: Observation): ProblemCore {
  const { handling } = seen;
  if (problem.state === 'pending' && handling === 'person') {
    return { ...problem, handling, state: 'needs-human', stateChangedAt: seen.at };
  }
  return { ...problem, handling };
}

/** A new command key (the reopen count is part of it), so the journal does not answer with what was then. */
function openedAgain(problem: ProblemCore, handling: Handling, at: Date, forPerson: boolean): ProblemCore {
  return {
    ...firstReported(handling, at),
    reopened: forPerson,
    reopenCount: problem.reopenCount + 1,
  };
}

// Executed ------------------------------------------------------------------------------------------------------

export interface Execution {
  readonly outcome: Outcome;
  /** Effects stand in our journal for this command key. */
  readonly didIt: boolean;
  readonly verified: boolean;
  readonly maxRetries: number;
  /** `not-yet` for longer than this goes to a person. */
  readonly notYetMaxMs: number;
  readonly at: Date;
}

type Next = Partial<Omit<ProblemCore, 'state'>> & { state: StoredProblemState };
type Becomes = (problem: ProblemCore, execution: Execution) => Next;

/** A retry that is left is used; where none is left the problem is exhausted. So 5 retries are 6 executions. */
const useRetry: Becomes = (problem, { maxRetries }) =>
  problem.retriesUsed < maxRetries
    ? { state: 'pending', retriesUsed: problem.retriesUsed + 1 }
    : { state: 'exhausted' };

const OUTCOME_BECOMES: Readonly<Record<Outcome, Becomes>> = {
  // Nothing is called fixed that was not read again and found right.
  fixed: (_, { verified }) => ({ state: verified ? 'fixed' : 'needs-human' }),
  'already-right': (_, { didIt }) => ({ state: didIt ? 'fixed' : 'cleared' }),
  'not-this-problem': () => ({ state: 'cleared' }),
  'not-yet': ({ notYetSince }, { at, notYetMaxMs }) => {
    const since = notYetSince ?? at;
    const tooLong = at.getTime() - since.getTime() >= notYetMaxMs;
    return { state: tooLong ? 'needs-human' : 'pending', notYetSince: since };
  },
  failed: useRetry,
  refused: () => ({ state: 'needs-human' }),
  unknown: useRetry,
};

/** @throws RangeError for a problem that could not have been executed; the lease prevents that. */
export function afterOutcome(problem: ProblemCore, execution: Execution): ProblemCore {
  if (!isOpen(problem.state))
    throw new RangeError(`a problem that is ${problem.state} cannot have been executed`);
  const becomes = { ...OUTCOME_BECOMES[execution.outcome](problem, execution) };
  // No tick ever takes what is for a person, so it goes back to where a person finds it.
  if (becomes.state === 'pending' && problem.handling === 'person') becomes.state = 'needs-human';
  return {
    handling: problem.handling,
    // Whoever let it run has decided about the reopening; the solution goes on from here.
    reopened: false,
    reopenCount: problem.reopenCount,
    notYetSince: null,
    attempts: problem.attempts + 1,
    retriesUsed: problem.retriesUsed,
    seenSinceClosed: problem.seenSinceClosed,
    ...becomes,
    stateChangedAt: becomes.state === problem.state ? problem.stateChangedAt : execution.at,
  };
}

// Acts of people --------------------------------------------------------------------------------------------------

/** What of a solution decides; null where none is configured. */
export interface SolutionCore {
  readonly status: SolutionStatus;
  readonly executionMode: ExecutionMode;
}

export interface RunQuestion {
  readonly executing: boolean;
  readonly solution: SolutionCore | null;
  readonly reasonGiven: boolean;
}

/** @returns why a click may not run it, or null where it may. */
export function refusesRun(problem: Pick<ProblemCore, 'state'>, question: RunQuestion): ErrorCode | null {
  if (question.executing) return 'already-executing';
  if (!isOpen(problem.state)) return 'wrong-state';
  if (question.solution === null) return 'no-solution';
  if (question.solution.status === 'disabled') return 'solution-disabled';
  if (problem.state !== 'pending' && !question.reasonGiven) return 'reason-required';
  return null;
}

export type ActAnswer = { readonly refused: ErrorCode } | { readonly next: ProblemCore };

export function afterClose(problem: ProblemCore, executing: boolean, at: Date): ActAnswer {
  if (executing) return { refused: 'already-executing' };
  if (!isOpen(problem.state)) return { refused: 'wrong-state' };
  return { next: { ...problem, state: 'closed', reopened: false, notYetSince: null, stateChangedAt: at } };
}

export function afterReopen(problem: ProblemCore, at: Date): ActAnswer {
  if (problem.state !== 'closed' && problem.state !== 'fixed') return { refused: 'wrong-state' };
  return { next: openedAgain(problem, problem.handling, at, true) };
}

// Why it waits ----------------------------------------------------------------------------------------------------

export interface Waiting {
  readonly state: StoredProblemState | 'executing';
  readonly reopened: boolean;
  /** A click waits for a client to take it. */
  readonly requested: boolean;
  readonly solution: SolutionCore | null;
  /** A halt, a limit or a canary keeps ticks from it; a halt that includes clicks keeps those too. */
  readonly paused: { readonly ticks: boolean; readonly clicks: boolean };
  /** The approval policy lets no tick run it: a person has to. */
  readonly asksPerson: boolean;
  /** A client that has this fix is connected. */
  readonly clientConnected: boolean;
}

/** Derived from the solution as it is now, never stored. Null where the problem is not pending. */
export function waitReason(problem: Waiting): WaitReason | null {
  if (problem.state !== 'pending') return null;
  if (problem.solution === null) return 'no-solution';
  if (problem.solution.status === 'disabled') return 'disabled';
  if (!problem.requested) {
    if (problem.reopened) return 'reopened';
    if (problem.solution.executionMode === 'manual') return 'manual';
    if (problem.asksPerson) return 'approval';
  }
  if (problem.requested ? problem.paused.clicks : problem.paused.ticks) return 'paused';
  return problem.clientConnected ? 'scheduled' : 'no-client';
}
