/** The run without a person: collect, repair, confirm, check the money, say what came of it. */
import { systemClock } from '../shared/clock.ts';
import { checkMoney } from './check.ts';
import {
  allExecutions,
  allProblems,
  collect,
  describeCollection,
  type Follower,
  waitForClients,
  waitUntilStill,
} from './follow.ts';
import type { DemoOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { type DemoResult, judge, type SystemOutcome, toResult } from './result.ts';
import { CLIENTS_PER_SYSTEM, type Stage } from './stage.ts';

export interface OnceOutcome {
  readonly result: DemoResult;
  /** What is wrong, in words; empty where the run is right for its profile. */
  readonly wrong: readonly string[];
}

export async function runOnce(
  stage: Stage,
  options: DemoOptions,
  progress: Progress,
  died: AbortSignal,
  startedAt: number,
): Promise<OnceOutcome> {
  const follower: Follower = { api: stage.server.api, clock: systemClock, progress, died };
  const sysCodes = stage.systems.map(({ sysCode }) => sysCode);
  await waitForClients(follower, sysCodes, CLIENTS_PER_SYSTEM);
  progress.say('collecting');
  const first = await collect(follower, sysCodes);
  for (const line of describeCollection(first)) progress.say(`  ${line}`);
  progress.say('repairing');
  await waitUntilStill(follower);
  progress.say('collecting again, to confirm');
  const second = await collect(follower, sysCodes);
  for (const line of describeCollection(second)) progress.say(`  ${line}`);
  await waitUntilStill(follower);
  progress.say('checking the money');
  const blind = options.profile === 'blind';
  const outcomes: SystemOutcome[] = [];
  for (const system of stage.systems) {
    outcomes.push({
      plan: system.plan,
      problems: await allProblems(follower.api, system.sysCode),
      executions: await allExecutions(follower.api, system.sysCode),
      money: await checkMoney(
        system.pool,
        system.bankPool,
        system.plan,
        blind ? 'broken' : 'repaired',
        system.before,
      ),
    });
  }
  const result = toResult(outcomes, systemClock.now().getTime() - startedAt);
  if (blind) sayWhyNothing(progress, describeCollection(first));
  return { result, wrong: [...judge(result, outcomes, blind), ...unfinished(outcomes, blind)] };
}

function sayWhyNothing(progress: Progress, collected: readonly string[]): void {
  progress.say(
    'Nothing was done, and that is right: this bank shows nothing, not even payments that it is known',
  );
  progress.say(
    'to have made. Without that positive control, "not found" proves nothing, and nobody may move money.',
  );
  for (const line of collected) progress.say(`  ${line}`);
}

/** What the server says of injected problems that did not end as fixed, a few of each kind. */
function unfinished(outcomes: readonly SystemOutcome[], blind: boolean): string[] {
  if (blind) return [];
  const open = outcomes.flatMap(({ problems }) => problems.filter((problem) => problem.state !== 'fixed'));
  return open
    .slice(0, 10)
    .map(
      (p) =>
        `${p.scenario} ${p.businessKey} is ${p.state} (${p.lastOutcome ?? 'not tried'}: ${p.lastReason ?? '-'})`,
    );
}
