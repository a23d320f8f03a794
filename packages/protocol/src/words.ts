/**
 * The glossary as types: one word per thing, the same in code, tables, API, console and documents.
 * Source: docs/concepts.md and docs/state-machine.md.
 */

/** The states of a problem. `executing` is never stored: an open lease that names the problem means it. */
export const PROBLEM_STATES = [
  'pending',
  'executing',
  'fixed',
  'cleared',
  'exhausted',
  'needs-human',
  'closed',
] as const;
export type ProblemState = (typeof PROBLEM_STATES)[number];

/** The states that the problem table stores. */
export const STORED_PROBLEM_STATES = [
  'pending',
  'fixed',
  'cleared',
  'exhausted',
  'needs-human',
  'closed',
] as const;
export type StoredProblemState = (typeof STORED_PROBLEM_STATES)[number];

/** Why a pending problem waits. Derived from the solution as it is now, never stored. */
export const WAIT_REASONS = [
  'no-solution',
  'disabled',
  'manual',
  'approval',
  'reopened',
  'scheduled',
  'no-client',
  'paused',
] as const;
export type WaitReason = (typeof WAIT_REASONS)[number];

/** How a solution is executed. 自动 / 手动 */
export const EXECUTION_MODES = ['automatic', 'manual'] as const;
export type ExecutionMode = (typeof EXECUTION_MODES)[number];

/** 正常 / 失效 */
export const SOLUTION_STATUSES = ['enabled', 'disabled'] as const;
export type SolutionStatus = (typeof SOLUTION_STATUSES)[number];

/** 不重要 / 一般 / 重要 / 非常重要, least important first. The dispatcher serves the last one first. */
export const LEVELS = ['unimportant', 'normal', 'important', 'very-important'] as const;
export type Level = (typeof LEVELS)[number];

/** What made an execution start. */
export const TRIGGERS = ['tick', 'click', 'bulk'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** Who has less money than is due while the problem stands. */
export const OUT_OF_POCKET = ['customer', 'company', 'nobody'] as const;
export type OutOfPocket = (typeof OUT_OF_POCKET)[number];

/** Whether a fix may repair the problem or a person must decide. */
export const HANDLINGS = ['fix', 'person'] as const;
export type Handling = (typeof HANDLINGS)[number];

/** The three sides that have to agree. */
export const SIDES = ['order', 'ledger', 'bank'] as const;
export type SideName = (typeof SIDES)[number];

/** The states of a collection as a whole and of each of its collect commands. */
export const COLLECT_STATES = [
  'waiting',
  'running',
  'complete',
  'incomplete',
  'failed',
  'cancelled',
] as const;
export type CollectState = (typeof COLLECT_STATES)[number];

/** Direction of a message, seen from the server. */
export const DIRECTIONS = ['in', 'out'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** What became of a message. */
export const MESSAGE_STATES = ['sent', 'acknowledged', 'accepted', 'refused', 'lost'] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];
