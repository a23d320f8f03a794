/**
 * The places between which a process may die. A server in production passes them by; a test of crashes ends its
 * own process at one of them.
 */
export type StepName = never;

export interface Steps {
  /** Where it returns a promise, the work goes on after it. */
  at(name: StepName): void | Promise<void>;
}

export const noSteps: Steps = {
  at: () => {},
};
