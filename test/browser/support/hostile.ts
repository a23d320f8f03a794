/** A server of its own whose every text that comes from outside is hostile, as systems, clients and people made it. */
import { randomBytes } from 'node:crypto';
import type { Client } from '@piculus/client';
import { LIMITS } from '@piculus/protocol';
import type { ApiClient } from '@piculus/protocol/http';
import { RawClient, startTestServer, type TestServer } from '../../../packages/server/test/server/support.ts';
import { type Changes, watchChanges } from '../../chaos/changes.ts';
import { cut, packed, PAYLOADS } from '../../security/payloads.ts';
import { ACTING_FIX, HOSTILE_SYSTEM, REFUSING_FIX, startHostileClient } from './hostile-client.ts';
import { openSite, type Site } from './site.ts';

const WITHIN_MS = 120_000;
const TOKENS_MAX = 50;
/** No tick comes while the test runs. */
const RARELY = '0 0 0 1 1 ?';
const WATCHED = ['clients', 'collect_commands', 'executions', 'leases', 'problems', 'run_requests'];
const SOLUTION = { executionMode: 'manual', maxRetries: 0, retryCron: RARELY } as const;

export interface Hostile {
  readonly test: TestServer;
  readonly api: ApiClient;
  readonly site: Site;
  /** Those whose order number, facts, repair and reasons are one payload each, in their order. */
  readonly problemIds: readonly string[];
  /** Those that were repaired, with effects; the last one was not, and has a preview. */
  readonly repairedIds: readonly string[];
  readonly previewId: string;
  readonly collectionIds: readonly string[];
  readonly bulkRunIds: readonly string[];
  readonly solutionId: string;
  stop(): Promise<void>;
}

export async function openHostile(): Promise<Hostile> {
  const closing: Array<() => Promise<unknown>> = [];
  const stop = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const test = await startTestServer();
    closing.push(() => test.stop());
    const { api, address, config } = test;
    const url = config.databaseUrl;
    if (url === null) throw new Error('the server has no database that can be watched');
    const changes = await watchChanges([{ url, tables: WATCHED.map((table) => `piculus.${table}`) }]);
    closing.push(() => changes.stop());
    const { key, client, solutionId } = await addSystem(test, changes);
    closing.push(() => client.stop());
    await beClients(address, key);
    await nameEverything(api);
    const collectionIds = await collectAll(api, changes);
    const { bulkRunIds, problemIds, repairedIds, previewId } = await runAll(api, changes);
    await sayReasons(api, problemIds, solutionId);
    await describeRights(api);
    const site = await openSite(address, { username: 'admin', password: test.password });
    closing.push(() => site.close());
    const ids = { problemIds, repairedIds, previewId, collectionIds, bulkRunIds, solutionId };
    return { test, api, site, ...ids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function addSystem({ api, address }: TestServer, changes: Changes) {
  const sysCode = HOSTILE_SYSTEM;
  const { key, serverKeys } = await api.createSystem({
    body: { sysCode, name: cut(PAYLOADS[8] ?? '', 128) },
  });
  const [solution] = await Promise.all(
    [REFUSING_FIX, ACTING_FIX].map((fixCode) =>
      api.createSolution({ body: { sysCode, fixCode, ...SOLUTION } }),
    ),
  );
  const client: Client = startHostileClient(address, key, serverKeys);
  await changes.until('the client connects', WITHIN_MS, async () => {
    const { items } = await api.listClients();
    return items.some(({ connected }) => connected);
  });
  return { key, client, solutionId: solution?.id ?? '' };
}

/** Each payload as the name, version, host and kit of a process, which only a client that was forged can choose. */
async function beClients(address: string, key: string): Promise<void> {
  const short = packed(64);
  const hosts = packed(255);
  for (const [index, text] of short.entries()) {
    const raw = await RawClient.greeted(address, key, `forged-${index}`, {
      sdk: { name: text, version: text },
      application: { name: text, version: text },
      host: hosts[index % hosts.length],
    });
    // What is no message at all is kept for people to look at.
    raw.say(text, { text });
    await raw.refused().catch(() => null);
    await raw.close();
  }
}

/** Names of people and of systems. */
async function nameEverything(api: ApiClient): Promise<void> {
  const names = packed(120).map((name) => (name.trim() === '' ? `.${name}.` : name));
  const password = randomBytes(15).toString('base64url');
  const TOGETHER = 8;
  for (let first = 0; first < names.length; first += TOGETHER) {
    const some = names.slice(first, first + TOGETHER).map((name, index) => ({ name, number: first + index }));
    await Promise.all(
      some.flatMap(({ name, number }) => [
        api.createUser({ body: { username: `hostile.${number}`, name, password } }),
        api.createSystem({ body: { sysCode: `H${number}`, name } }),
      ]),
    );
  }
}

/** As many as are needed for every note and reason. */
async function collectAll(api: ApiClient, changes: Changes): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < Math.ceil(packed(LIMITS.textLength).length / 4); index++) {
    const { id } = await api.startCollection({ body: { sysCodes: [HOSTILE_SYSTEM] } });
    ids.push(id);
    await changes.until('the collection ends', WITHIN_MS, async () => {
      const { state } = await api.getCollection({ params: { id } });
      return state !== 'waiting' && state !== 'running';
    });
  }
  return ids;
}

async function runAll(api: ApiClient, changes: Changes) {
  const bulkRunIds: string[] = [];
  const found = async (fixCode: string): Promise<string[]> => {
    const { items } = await api.listProblems({ query: { fixCode: [fixCode], limit: 500 } });
    return items.toSorted((a, b) => Number(a.id) - Number(b.id)).map(({ id }) => id);
  };
  const run = async (fixCode: string, ids: string[], reason: string): Promise<void> => {
    bulkRunIds.push((await api.runProblems({ body: { ids, reason } })).bulkRunId);
    const last = ids.at(-1) ?? '';
    await changes.until(`the problems of ${fixCode} are executed`, WITHIN_MS, async () => {
      const { attempts } = await api.getProblem({ params: { id: last } });
      const executing = { fixCode: [fixCode], state: ['executing' as const] };
      return attempts > 0 && (await api.countProblems({ query: executing })).problems === 0;
    });
  };
  const [first = '', second = ''] = packed(LIMITS.reasonLength);
  const problemIds = await found(REFUSING_FIX);
  await run(REFUSING_FIX, problemIds, first);
  const acting = await found(ACTING_FIX);
  const repairedIds = acting.slice(0, -1);
  await run(ACTING_FIX, repairedIds, second);
  return { problemIds, repairedIds, previewId: acting.at(-1) ?? '', bulkRunIds };
}

/** Each payload as the reason of a person; all of them as descriptions and as reasons of stops. */
async function sayReasons(api: ApiClient, ids: readonly string[], solutionId: string): Promise<void> {
  for (const [index, id] of ids.entries()) {
    const reason = cut(PAYLOADS[index % PAYLOADS.length] ?? '', LIMITS.reasonLength);
    await api.closeProblem({
      params: { id },
      body: { reason: reason.trim() === '' ? `.${reason}.` : reason },
    });
  }
  for (const description of packed(LIMITS.descriptionLength))
    await api.changeSolution({ params: { id: solutionId }, body: { description } });
  const reasons = packed(LIMITS.reasonLength);
  for (const [index, reason] of reasons.entries()) {
    const { id } = await api.stop({ body: { sysCode: HOSTILE_SYSTEM, reason } });
    if (index < reasons.length - 1) await api.resume({ params: { id }, body: { reason } });
  }
}

const notBlank = (text: string): string => (text.trim() === '' ? `.${text}.` : text);

/** What roles are for, and the names of as many tokens as a person may have. */
async function describeRights(api: ApiClient): Promise<void> {
  for (const [index, text] of packed(190).entries())
    await api.putRole({
      params: { name: `hostile-${index}` },
      body: { verbs: ['view'], description: notBlank(text), version: 0 },
    });
  for (const name of packed(60).slice(0, TOKENS_MAX))
    await api.createToken({ body: { name: notBlank(name), verbs: ['view'] } });
}
