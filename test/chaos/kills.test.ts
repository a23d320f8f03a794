import { ApiError, type Collection } from '@piculus/protocol/http';
import { expect, it } from 'vitest';
import { checkMoney } from '../../examples/pbap/src/demo/check.ts';
import { allExecutions, allProblems } from '../../examples/pbap/src/demo/follow.ts';
import { seededRandom, shuffled } from '../../examples/pbap/src/demo/random.ts';
import { effectsDoubled, executionsOff, problemsOff } from './checks.ts';
import { makeWorld, type World } from './world.ts';

/** The only setting of this test: repeats a run that went wrong, as far as a machine repeats itself. */
const SEED = Number(process.env.PICULUS_CHAOS_SEED ?? Date.now() % 100_000);

/** Twenty kills; server, bank and each of the two clients are hit five times each. */
const VICTIMS = [
  ...Array<string>(5).fill('server'),
  ...Array<string>(5).fill('bank-of-pbap'),
  ...Array<string>(5).fill('pbap-1'),
  ...Array<string>(5).fill('pbap-2'),
];
/** A repair makes some ten changes; so some kills hit the same repair, and others come far apart. */
const CHANGES_MAX = 50;
const ANOMALIES = 6;
const SETTINGS = {
  // Take-overs within the run, several of them: a lease that nobody renews ends after this.
  server: { PICULUS_LEASE_MS: '1500', PICULUS_LOG_LEVEL: 'info' },
  // Few places, so that there is work left for the last kills.
  'pbap-1': { PBAP_PLACES: '2' },
  'pbap-2': { PBAP_PLACES: '2' },
};

/** Bounds for a machine with much else to do; without kills all of it takes a few seconds. */
const CHANGE_WITHIN_MS = 60_000;
const HEALED_WITHIN_MS = 90_000;

it('loses nothing and does nothing twice where server, bank and clients are killed twenty times', async () => {
  console.info(`PICULUS_CHAOS_SEED=${SEED}`);
  const world = await makeWorld({ orders: 260, anomalies: ANOMALIES, seed: SEED, settings: SETTINGS });
  let passed = false;
  try {
    await allowRetries(world);
    const tally = await killThroughout(world);
    console.info(tally.lines.join('\n'));
    await heal(world);
    await check(world);
    expect(tally.atWork, 'kills that hit running work').toBeGreaterThan(VICTIMS.length / 4);
    passed = true;
  } finally {
    if (!passed) console.info(`the logs of the processes are in ${world.folder}`);
    await world.stop(!passed);
  }
}, 240_000);

/**
 * The seed's five retries are for a bank that is away now and then. Here a process dies every second or so, and
 * each death may leave some executions `unknown` or `failed`, which use a retry each; what is to be shown is
 * that nothing is lost, not that five is enough.
 */
async function allowRetries({ stage }: World): Promise<void> {
  const { items } = await stage.server.api.listSolutions();
  for (const { id } of items)
    await stage.server.api.changeSolution({ params: { id }, body: { maxRetries: 99 } });
}

interface Tally {
  readonly lines: string[];
  /** Kills at whose moment a client had work under a lease, or a collect was running. */
  atWork: number;
}

async function killThroughout(world: World): Promise<Tally> {
  const { children, changes } = world;
  const random = seededRandom(SEED);
  const tally: Tally = { lines: [], atWork: 0 };
  const revivals = new Map<string, Promise<unknown>>();
  const collecting = new AbortController();
  const collects = keepCollecting(world, collecting.signal);
  // It is awaited at the end; where it fails before that, this keeps the failure from ending the test at once.
  collects.catch(() => {});
  try {
    for (const [index, victim] of shuffled(VICTIMS, random).entries()) {
      const count = 1 + Math.floor(random() * CHANGES_MAX);
      const last = await changes.after(count, CHANGE_WITHIN_MS);
      // The others may still be starting; only who is dead already cannot be killed.
      await revivals.get(victim);
      const program = await children.kill(victim);
      revivals.set(victim, children.start(program));
      const work = await workUnderWay(world);
      if (work !== 'none') tally.atWork += 1;
      tally.lines.push(
        `kill ${index + 1}: ${victim} after ${count} changes, the last in ${last}; at work: ${work}`,
      );
    }
    await Promise.all(revivals.values());
  } finally {
    collecting.abort();
    // A process that is just starting must have ended or started before anything is taken away from it.
    await Promise.allSettled(revivals.values());
  }
  const ended = await collects;
  tally.lines.push(`collects: ${ended.join(', ')}`);
  return tally;
}

async function workUnderWay({ serverDb }: World): Promise<string> {
  const { rows } = await serverDb.query<{ leases: string; collects: string }>(
    `select (select count(*) from piculus.leases where closed_at is null) as leases,
            (select count(*) from piculus.collect_commands where state = 'running') as collects`,
  );
  const [row] = rows;
  if (row === undefined || (row.leases === '0' && row.collects === '0')) return 'none';
  return `${row.leases} leases, ${row.collects} collects`;
}

/** A new collect whenever the last one ended. @returns how each ended. */
async function keepCollecting(world: World, end: AbortSignal): Promise<string[]> {
  const ended: string[] = [];
  while (!end.aborted) ended.push((await collect(world)).state);
  return ended;
}

async function collect(world: World): Promise<Collection> {
  const { api } = world.stage.server;
  const { id } = await patiently(world, () => api.startCollection({ body: { sysCodes: ['PBAP'] } }));
  let last: Collection | null = null;
  await world.changes.until('the collect ends', HEALED_WITHIN_MS, async () => {
    last = await patiently(world, () => api.getCollection({ params: { id } }));
    return last.state !== 'waiting' && last.state !== 'running';
  });
  if (last === null) throw new Error('the collect has no state');
  return last;
}

/** Asks again after the next change where the server is just dead. */
async function patiently<T>({ changes }: World, ask: () => Promise<T>): Promise<T> {
  let answer: { readonly value: T } | null = null;
  await changes.until('the server answers', HEALED_WITHIN_MS, async () => {
    try {
      answer = { value: await ask() };
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.retryable) return false;
      throw error;
    }
  });
  if (answer === null) throw new Error('the server did not answer');
  return (answer as { readonly value: T }).value;
}

/** After the last kill everything must come right by itself, and a collect must find nothing more. */
async function heal(world: World): Promise<void> {
  const { changes, stage } = world;
  const { api } = stage.server;
  const injected = world.system.plan.orders.filter(({ scenario }) => scenario !== null).length;
  const still = async (): Promise<boolean> => {
    const stats = await patiently(world, () => api.getStats());
    const of = (...states: string[]): number =>
      stats.counts
        .filter(({ state }) => states.includes(state))
        .reduce((sum, { problems }) => sum + problems, 0);
    return stats.executing === 0 && of('pending', 'executing') === 0 && of('fixed', 'cleared') >= injected;
  };
  await changes.until('two clients are connected', HEALED_WITHIN_MS, async () => {
    const { items } = await patiently(world, () => api.listClients());
    return items.filter(({ connected }) => connected).length === 2;
  });
  expect((await collect(world)).state).toBe('complete');
  await changes
    .until('every problem has come to its end', HEALED_WITHIN_MS, still)
    .catch(async (error: unknown) => {
      const off = problemsOff(world.system.plan, await allProblems(api, 'PBAP'));
      throw new Error(`not healed:\n${off.join('\n')}`, { cause: error });
    });
  const last = await collect(world);
  expect(last.state).toBe('complete');
  expect(last.commands.map(({ problemsReported }) => problemsReported)).toEqual([0]);
}

async function check(world: World): Promise<void> {
  const { system, stage } = world;
  const { api } = stage.server;
  const problems = await allProblems(api, 'PBAP');
  const executions = await allExecutions(api, 'PBAP');
  expect(problemsOff(system.plan, problems)).toEqual([]);
  expect(await executionsOff(system.pool, problems, executions)).toEqual([]);
  expect(await effectsDoubled(system.pool)).toEqual([]);
  const money = await checkMoney(system.pool, system.bankPool, system.plan, 'repaired', system.before);
  expect(money).toMatchObject({
    accountsOff: 0,
    paidTwice: 0,
    collectedTwice: 0,
    paidAndReturned: 0,
    faults: [],
    actualMinor: money.expectedMinor,
  });
  const outcomes = new Map<string, number>();
  for (const { outcome } of executions) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const fixed = problems.filter(({ state }) => state === 'fixed').length;
  console.info(
    `${problems.length} problems, ${fixed} fixed, executions: ${JSON.stringify(Object.fromEntries(outcomes))}`,
  );
}
