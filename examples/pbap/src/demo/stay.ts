/** The demo that stays up: first repairs what is broken, then goes on with a trickle of new payments. */
import { systemClock } from '../shared/clock.ts';
import { collect, describeCollection, type Follower, waitForClients } from './follow.ts';
import type { Progress } from './progress.ts';
import { seededRandom } from './random.ts';
import { CLIENTS_PER_SYSTEM, type Stage, type StagedSystem } from './stage.ts';

const TRICKLE_MS = 3_000;
const ORDER_MS = 10_000;

/** Runs until it is told to stop. @throws where a process of the demo died. */
export async function stay(
  stage: Stage,
  progress: Progress,
  died: AbortSignal,
  stop: AbortSignal,
): Promise<void> {
  const follower: Follower = {
    api: stage.server.api,
    clock: systemClock,
    progress,
    died: AbortSignal.any([died, stop]),
  };
  const sysCodes = stage.systems.map(({ sysCode }) => sysCode);
  try {
    await waitForClients(follower, sysCodes, CLIENTS_PER_SYSTEM);
    greet(stage, progress);
    const collection = await collect(follower, sysCodes);
    for (const line of describeCollection(collection)) progress.say(`  ${line}`);
    await Promise.all(stage.systems.map((system) => trickle(system, follower.died)));
  } catch (error) {
    if (!stop.aborted) throw error;
  }
  if (died.aborted && !stop.aborted) throw died.reason;
}

function greet(stage: Stage, progress: Progress): void {
  const { url, adminPassword } = stage.server;
  progress.say('');
  progress.say(`ready: ${url}   (API documents: ${url}/api/v1/docs)`);
  if (adminPassword !== null) progress.say(`sign in as admin with the password ${adminPassword}`);
  progress.say(
    'A collect runs now, then every minute. Repairs run every two seconds, without limits or approvals:',
  );
  progress.say('that is a policy of this demo, not advice. Ctrl-C stops everything; the next start goes on.');
  progress.say('');
}

/** New payments on the normal path, so that there is something healthy to be left alone. */
async function trickle(system: StagedSystem, until: AbortSignal): Promise<void> {
  const random = seededRandom(system.plan.orders.length);
  const accounts = system.plan.accounts;
  while (!until.aborted) {
    const account = accounts[Math.floor(random() * accounts.length)];
    const type = random() < 0.6 ? 'recharge' : 'withdraw';
    const staged = type === 'withdraw' && random() < 0.5;
    const amountMinor = String(100 + Math.floor(random() * 10_000));
    const body = {
      type,
      booking: staged ? 'staged' : 'one-shot',
      accountNo: account?.accountNo,
      amountMinor,
    };
    // An account without enough money, or a process that is just being replaced: the next one comes soon.
    await fetch(`${system.frontDoor}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.any([until, AbortSignal.timeout(ORDER_MS)]),
    }).then(
      (answer) => answer.body?.cancel(),
      () => {},
    );
    await systemClock.sleep(TRICKLE_MS, until);
  }
}
