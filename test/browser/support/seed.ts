/** Gives every page of the console something to show: problems in every state, and all that led to them. */
import { randomBytes } from 'node:crypto';
import type { ApiClient, Problem } from '@piculus/protocol/http';
import { AUTOMATIC_FIX, MANUAL_FIX, ORDERS, SECOND_SYSTEM, startSecondSystem } from './second-system.ts';
import { WITHIN_MS, type World } from './world.ts';

/** What the addresses of pages about one thing are made from. */
export interface Seeded {
  /** Waits for a click. */
  readonly manualProblemId: string;
  readonly fixedProblemId: string;
  readonly exhaustedProblemId: string;
  readonly needsHumanProblemId: string;
  /** Its reason came from outside and looks like HTML. */
  readonly hostileProblemId: string;
  readonly collectionId: string;
  readonly bulkRunId: string;
  /** Has versions. */
  readonly solutionId: string;
  /** Ends the second system's client. */
  stop(): Promise<void>;
}

/** Of PBAP: executed by a click only, never, not configured at all; the others by themselves. */
const BY_CLICK = ['interRechargeFixServiceImpl', 'withdrawFailedFixServiceImpl'];
const DISABLED = 'rechargeFailedFixServiceImpl';
const NOT_CONFIGURED = 'withdrawFailedAccFixServiceImpl';
const EVERY_SECOND = '* * * * * ?';
/** Comes once a year, so that what fails stays as it is while somebody looks. */
const RARELY = '0 0 0 1 1 ?';

export async function seedEverything(world: World): Promise<Seeded> {
  const { api, changes } = world;
  await makeUsers(api);
  await setFirstSystem(api);
  const client = await addSecondSystem(world);
  try {
    const { id: collectionId } = await world.collect(['PBAP', SECOND_SYSTEM]);
    await changes.until('the automatic solutions come to an end', WITHIN_MS, async () => {
      const { items } = await api.listProblems({ query: { state: ['pending', 'executing'], limit: 500 } });
      return items.every((problem) => staysOpen(problem));
    });
    await setSecondSystem(api, RARELY);
    const bulkRunId = await act(world);
    // Once more, so that repairs are confirmed and lists have more than one row.
    await world.collect(['PBAP']);
    const solutionId = await solutionOf(api, 'PBAP', BY_CLICK[0] ?? '');
    const second = (businessKey: string) => problemOf(api, { sysCode: [SECOND_SYSTEM], businessKey });
    return {
      manualProblemId: await problemOf(api, { sysCode: ['PBAP'], waitReason: ['manual'] }),
      fixedProblemId: await problemOf(api, { state: ['fixed'] }),
      exhaustedProblemId: await second(ORDERS.exhausted.businessKey),
      needsHumanProblemId: await second(ORDERS.needsHuman.businessKey),
      hostileProblemId: await second(ORDERS.hostile.businessKey),
      collectionId,
      bulkRunId,
      solutionId,
      stop: () => client.stop(),
    };
  } catch (error) {
    await client.stop();
    throw error;
  }
}

async function makeUsers(api: ApiClient): Promise<void> {
  const password = (): string => randomBytes(15).toString('base64url');
  await api.createUser({
    body: {
      username: 'night.shift',
      name: '夜班值班员',
      password: password(),
      grants: [
        { role: 'operator', sysCode: 'PBAP' },
        { role: 'viewer', sysCode: null },
      ],
    },
  });
  const { id } = await api.createUser({
    body: { username: 'auditor', name: 'Auditor', password: password() },
  });
  await api.setUserEnabled({ params: { id }, body: { enabled: false } });
}

async function setFirstSystem(api: ApiClient): Promise<void> {
  for (const { id, fixCode } of (await api.listSolutions({ query: { sysCode: 'PBAP' } })).items) {
    const params = { id };
    if (fixCode === NOT_CONFIGURED) await api.deleteSolution({ params });
    else if (fixCode === DISABLED) await api.changeSolution({ params, body: { status: 'disabled' } });
    else if (BY_CLICK.includes(fixCode)) {
      await api.changeSolution({
        params,
        body: { executionMode: 'manual', level: 'important', description: '人工确认后执行 / by hand' },
      });
    } else await api.changeSolution({ params, body: { executionMode: 'automatic' } });
  }
}

async function addSecondSystem({ api, changes, address }: World) {
  const { key, serverKeys } = await api.createSystem({
    body: { sysCode: SECOND_SYSTEM, name: '商户支付 / Payment business M', collectCron: '0 0/30 * * * ?' },
  });
  for (const [fixCode, executionMode] of [
    [AUTOMATIC_FIX, 'automatic'],
    [MANUAL_FIX, 'manual'],
  ] as const) {
    await api.createSolution({
      body: { sysCode: SECOND_SYSTEM, fixCode, executionMode, maxRetries: 0, retryCron: EVERY_SECOND },
    });
  }
  const client = startSecondSystem(address, key, serverKeys);
  await changes.until('the second system connects', WITHIN_MS, async () => {
    const { items } = await api.listClients({ query: { sysCode: SECOND_SYSTEM } });
    return items.some(({ connected }) => connected);
  });
  return client;
}

async function setSecondSystem(api: ApiClient, retryCron: string): Promise<void> {
  const id = await solutionOf(api, SECOND_SYSTEM, AUTOMATIC_FIX);
  await api.changeSolution({ params: { id }, body: { retryCron } });
}

/** Nothing more happens to it by itself. */
function staysOpen({ state, waitReason, handling, lastOutcome, businessKey }: Problem): boolean {
  if (state === 'executing') return false;
  if (businessKey === ORDERS.notYet.businessKey) return lastOutcome !== null;
  return handling === 'person' || waitReason !== 'scheduled';
}

/** The clicks of people: closed, run in bulk, opened again, a view that was kept. */
async function act({ api, changes }: World): Promise<string> {
  const { items: waiting } = await api.listProblems({
    query: { sysCode: ['PBAP'], waitReason: ['manual'], limit: 500 },
  });
  const [first, second, third] = waiting;
  if (first === undefined || second === undefined || third === undefined)
    throw new Error(`only ${waiting.length} problems wait for a click`);
  await api.closeProblem({
    params: { id: third.id },
    body: { reason: '客户已在柜台更正 / corrected at the counter' },
  });
  const { bulkRunId } = await api.runProblems({
    body: { ids: [first.id, second.id, third.id], reason: '夜间检查 / night check' },
  });
  await changes.until('the bulk run ends', WITHIN_MS, async () => {
    const { items } = await api.listProblems({ query: { state: ['fixed'], limit: 500 } });
    return [first, second].every(({ id }) => items.some((problem) => problem.id === id));
  });
  await api.reopenProblem({
    params: { id: second.id },
    body: { reason: '客户投诉 / the customer complained' },
  });
  const query = 'waitsForPerson=true';
  await api.createView({ body: { page: 'problems', name: '等待人工 / for a person', query, shared: true } });
  return bulkRunId;
}

async function problemOf(
  api: ApiClient,
  filter: NonNullable<Parameters<ApiClient['listProblems']>[0]>['query'],
): Promise<string> {
  const { items } = await api.listProblems({ query: { ...filter, limit: 1 } });
  const [found] = items;
  if (found === undefined) throw new Error(`no problem matches ${JSON.stringify(filter)}`);
  return found.id;
}

async function solutionOf(api: ApiClient, sysCode: string, fixCode: string): Promise<string> {
  const { items } = await api.listSolutions({ query: { sysCode } });
  const found = items.find((solution) => solution.fixCode === fixCode);
  if (found === undefined) throw new Error(`${sysCode} has no solution for ${fixCode}`);
  return found.id;
}
