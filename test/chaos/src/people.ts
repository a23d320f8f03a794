/** The people of the run: who signs in, registers the systems, and asks any node that answers. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromRoot } from '@piculus/example-pbap/demo/children';
import {
  type ApiClient,
  ApiError,
  createApiClient,
  signInFirst,
  solutionInputSchema,
} from '@piculus/protocol/http';
import { z } from 'zod';
import { SYSTEMS, type SystemCode } from './systems.ts';

/** Waits for a click; all others run by themselves. */
export const CLICKED_FIX = 'interWithdrawAccFixServiceImpl';
/** Every death may leave some executions unknown or failed; what is shown is that nothing is lost, not that five is enough. */
const RETRIES = 99;
const RETRY_CRON = '0/2 * * * * ?';
const CALL_TIMEOUT_MS = 6_000;
const PAUSE_MS = 250;

export interface Registered {
  readonly keys: ReadonlyMap<SystemCode, string>;
  /** As clients are told to trust them. */
  readonly serverKeys: string;
}

export class People {
  readonly #apis: readonly ApiClient[];
  readonly #random: () => number;

  private constructor(apis: readonly ApiClient[], random: () => number) {
    this.#apis = apis;
    this.#random = random;
  }

  /** Signs in at the first node; the session holds at all of them. */
  static async signIn(urls: readonly string[], passwordFile: string, random: () => number): Promise<People> {
    const oneTimePassword = (await readFile(passwordFile, 'utf8')).trim();
    const password = randomBytes(18).toString('base64url');
    const [first = ''] = urls;
    const { token } = await signInFirst({ baseUrl: first }, { username: 'admin', oneTimePassword, password });
    const apis = urls.map((baseUrl) => createApiClient({ baseUrl, token, timeoutMs: CALL_TIMEOUT_MS }));
    return new People(apis, random);
  }

  /** Asks once, at some node. */
  once<T>(call: (api: ApiClient, idempotencyKey: string) => Promise<T>): Promise<T> {
    return call(this.#some(), randomUUID());
  }

  /**
   * Asks, at another node each time, until one answers for good. All tries are one act, by their key.
   * @param wait is told why it asks again.
   * @returns null where the signal ended it first. @throws ApiError that no other try can mend.
   */
  async patiently<T>(
    call: (api: ApiClient, idempotencyKey: string) => Promise<T>,
    end: AbortSignal,
    wait: (code: string) => void = () => {},
  ): Promise<T | null> {
    const key = randomUUID();
    while (!end.aborted) {
      try {
        return await call(this.#some(), key);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (!error.retryable && error.code !== 'idempotency-key-running') throw error;
        wait(error.code);
        await sleep(PAUSE_MS, undefined, { signal: end }).catch(() => {});
      }
    }
    return null;
  }

  async register(): Promise<Registered> {
    const [api] = this.#apis;
    if (api === undefined) throw new Error('there is no node');
    const { version, rules } = await api.getApprovalPolicy();
    const body = { mode: 'as-configured', rules, reason: 'a run of chaos has nobody else' } as const;
    const next = await api.setApprovalPolicy({ body: { ...body, version, singlePerson: true } });
    await api.setApprovalPolicy({ body: { ...body, version: next.version, singlePerson: false } });
    const file = z.object({ solutions: z.array(solutionInputSchema) });
    const text = await readFile(fromRoot('examples/pbap/solutions.json'), 'utf8');
    const { solutions } = file.parse(JSON.parse(text));
    const keys = new Map<SystemCode, string>();
    for (const sysCode of SYSTEMS) {
      const made = await api.createSystem({
        body: { sysCode, name: `production ${sysCode}`, collectCron: null },
      });
      keys.set(sysCode, made.key);
      for (const solution of solutions) {
        const executionMode = solution.fixCode === CLICKED_FIX ? 'manual' : 'automatic';
        await api.createSolution({
          body: { ...solution, sysCode, retryCron: RETRY_CRON, maxRetries: RETRIES, executionMode },
        });
      }
    }
    const { items } = await api.listServerKeys();
    return { keys, serverKeys: items.map(({ publicKey }) => publicKey).join(',') };
  }

  #some(): ApiClient {
    const api = this.#apis[Math.floor(this.#random() * this.#apis.length)];
    if (api === undefined) throw new Error('there is no node');
    return api;
  }
}
