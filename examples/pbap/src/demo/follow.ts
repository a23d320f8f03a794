/** Starts collections and follows what becomes of the problems, by the server's API. */
import type { ApiClient, Collection, Execution, Problem, ProblemCount } from '@piculus/protocol/http';
import type { Clock } from '../shared/clock.ts';
import { DemoError } from './demo-error.ts';
import type { Progress } from './progress.ts';

export interface Follower {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Fires when a process of the demo died; waiting ends with its reason. */
  readonly died: AbortSignal;
}

const POLL_MS = 250;
const CONNECTED_WITHIN_MS = 60_000;
const COLLECTED_WITHIN_MS = 10 * 60_000;
const STILL_AFTER_MS = 90_000;
const REPAIRED_WITHIN_MS = 15 * 60_000;
const PAGE = 500;

/** Waits until so many clients of every system are connected. */
export async function waitForClients(
  follower: Follower,
  systems: readonly string[],
  each: number,
): Promise<void> {
  await poll(follower, CONNECTED_WITHIN_MS, 'the clients did not connect', async () => {
    const { items } = await follower.api.listClients();
    return systems.every(
      (sysCode) => items.filter((client) => client.sysCode === sysCode && client.connected).length >= each,
    );
  });
}

/** Runs one collect broadcast to its end. */
export async function collect(follower: Follower, systems: readonly string[]): Promise<Collection> {
  const { api, progress } = follower;
  const { id } = await api.startCollection({ body: { sysCodes: [...systems] } });
  let last: Collection | null = null;
  await poll(follower, COLLECTED_WITHIN_MS, 'the collection did not end', async () => {
    const now = await api.getCollection({ params: { id } });
    last = now;
    const scanned = now.commands.reduce((sum, command) => sum + command.rowsScanned, 0);
    progress.step('rows scanned     ', scanned, Math.max(scanned, 1));
    return now.state !== 'waiting' && now.state !== 'running';
  });
  progress.end();
  if (last === null) throw new DemoError('the collection has no state');
  return last;
}

/** In words: what came of a collection. */
export function describeCollection(collection: Collection): string[] {
  return collection.commands.map((command) => {
    const counts = `${command.rowsScanned} rows scanned, ${command.problemsReported} problems`;
    const reason = command.reason === null ? '' : ` because ${command.reason}`;
    return `${command.sysCode}: ${command.state}, ${counts}${reason}`;
  });
}

const OPEN: ReadonlySet<string> = new Set(['pending', 'executing']);
const RIGHT: ReadonlySet<string> = new Set(['fixed', 'cleared']);

/**
 * Waits until nothing can change any more: no problem is open, or for a long while nothing happened to those
 * that are.
 */
export async function waitUntilStill(follower: Follower): Promise<void> {
  const { api, progress, clock } = follower;
  let before = '';
  let since = clock.now().getTime();
  await poll(follower, REPAIRED_WITHIN_MS, 'the repairs did not come to an end', async () => {
    const stats = await api.getStats();
    const all = sumOf(stats.counts, () => true);
    progress.step(
      'problems repaired',
      sumOf(stats.counts, ({ state }) => RIGHT.has(state)),
      all,
    );
    const open = sumOf(stats.counts, ({ state }) => OPEN.has(state));
    if (open === 0 && stats.executing === 0) return true;
    const picture = JSON.stringify([stats.counts, stats.outcomesLastHour]);
    const now = clock.now().getTime();
    if (picture !== before) since = now;
    before = picture;
    return now - since > STILL_AFTER_MS;
  });
  progress.end();
}

function sumOf(counts: readonly ProblemCount[], fits: (count: ProblemCount) => boolean): number {
  return counts.filter(fits).reduce((sum, count) => sum + count.problems, 0);
}

export async function allProblems(api: ApiClient, sysCode: string): Promise<Problem[]> {
  const all: Problem[] = [];
  let after: string | null = null;
  do {
    const page: { items: Problem[]; next: string | null } = await api.listProblems({
      query: { sysCode: [sysCode], limit: PAGE, ...(after === null ? {} : { after }) },
    });
    all.push(...page.items);
    after = page.next;
  } while (after !== null);
  return all;
}

export async function allExecutions(api: ApiClient, sysCode: string): Promise<Execution[]> {
  const all: Execution[] = [];
  let after: string | null = null;
  do {
    const page: { items: Execution[]; next: string | null } = await api.listExecutions({
      query: { sysCode, limit: PAGE, ...(after === null ? {} : { after }) },
    });
    all.push(...page.items);
    after = page.next;
  } while (after !== null);
  return all;
}

async function poll(
  follower: Follower,
  withinMs: number,
  failure: string,
  done: () => Promise<boolean>,
): Promise<void> {
  const { clock, died } = follower;
  const end = clock.now().getTime() + withinMs;
  while (!(await done())) {
    if (died.aborted) throw died.reason;
    if (clock.now().getTime() > end) throw new DemoError(`${failure} within ${withinMs / 1000} s`);
    await clock.sleep(POLL_MS, died);
  }
}
