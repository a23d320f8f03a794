/** What an installation may tune about executions. */
export interface ExecutionOptions {
  /** After this without an answer or a heartbeat a lease counts as lost. */
  readonly leaseMs: number;
  /** `not-yet` for longer than this goes to a person. */
  readonly notYetMaxMs: number;
}

export const EXECUTION_DEFAULTS: ExecutionOptions = { leaseMs: 15_000, notYetMaxMs: 24 * 60 * 60_000 };
