/**
 * The places between which a process may die. A server in production passes them by; a test of crashes ends its
 * own process at one of them.
 */

/** What is written in one transaction: `before` is just before its commit, `after` just behind it. */
export const COMMITS = [
  'tick',
  'click',
  'approval',
  'collect claim',
  'report',
  'collect end',
  'fix claim',
  'result',
  'give back',
  'rescue',
  'audit block',
] as const;

/** Likewise one transaction each, beside the way of every problem: what a person does, and what seldom happens by itself. */
export const RARE_COMMITS = [
  'act',
  'approval void',
  'approval expired',
  'collect start',
  'collect progress',
  'collect rescue',
  'breaker trip',
  'limit end',
  'ticks begin',
  'ticks end',
] as const;

/** What is written by one statement, or leaves the process. */
export const DEEDS = [
  'collect send',
  'problems ack',
  'collect-done ack',
  'fix send',
  'fix-results ack',
  'answer record',
  'checkpoint',
  'checkpoint export',
  'mail insert',
  'mail read',
] as const;

/** Of these, what seldom happens. */
export const RARE_DEEDS = ['collect give back'] as const;

export type Commit = (typeof COMMITS | typeof RARE_COMMITS)[number];
export type Deed = (typeof DEEDS | typeof RARE_DEEDS)[number];
export type StepName = `${'before' | 'after'} ${Commit | Deed}`;

export interface Steps {
  /** Where it returns a promise, the work goes on after it. */
  at(name: StepName): void | Promise<void>;
}

export const noSteps: Steps = {
  at: () => {},
};

/** Does something that is not a transaction, with its places before and after. */
export async function stepped<T>(steps: Steps, deed: Deed, work: () => Promise<T>): Promise<T> {
  await steps.at(`before ${deed}`);
  const done = await work();
  await steps.at(`after ${deed}`);
  return done;
}
