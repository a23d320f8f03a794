/** The ordinary work that goes on under all faults: collects, clicks, bulk runs, and customers who place orders. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, ApiError } from '@piculus/protocol/http';
import type { Cluster } from './cluster.ts';
import type { History } from './history.ts';
import { CLICKED_FIX } from './people.ts';
import { NEW_CUSTOMERS, SYSTEMS } from './systems.ts';
import type { Witness } from './witness.ts';

export interface WorkCounts {
  collections: number;
  clicks: number;
  bulkRuns: number;
  /** Clicks that nobody had answered for so long that the person went on with others. */
  clicksGivenUp: number;
  orders: number;
  ordersRefused: number;
  /** Nobody was at the system's door, which is one process of it. */
  ordersUnanswered: number;
}

const HOUR_MS = 3_600_000;
/** The history begins and ends so long ago; a little is added on both sides. */
const OLDEST_MS = 61 * HOUR_MS;
const YOUNGEST_MS = 2.5 * HOUR_MS;
const ORDER_EVERY_MS = 800;
const CLICK_EVERY_MS = 1_500;
const CLICKS_AT_ONCE = 4;
const PATIENCE_MS = 25_000;
const WAITING_AT_ONCE = 100;
const MANY = 20;
/** No new orders so long before the end, so that each is old enough to be looked at when all is whole again. */
const LAST_ORDER_BEFORE_END_MS = 20_000;

export class Workload {
  readonly counts: WorkCounts = {
    collections: 0,
    clicks: 0,
    bulkRuns: 0,
    clicksGivenUp: 0,
    orders: 0,
    ordersRefused: 0,
    ordersUnanswered: 0,
  };
  readonly #cluster: Cluster;
  readonly #witness: Witness;
  readonly #history: History;
  readonly #random: () => number;
  readonly #end = new AbortController();
  #work: Promise<unknown> = Promise.resolve();

  constructor(parts: { cluster: Cluster; witness: Witness; history: History; random: () => number }) {
    this.#cluster = parts.cluster;
    this.#witness = parts.witness;
    this.#history = parts.history;
    this.#random = parts.random;
  }

  start(forMs: number): void {
    this.#work = Promise.all([
      this.#collect(forMs),
      this.#click(),
      ...SYSTEMS.map((one) => this.#order(one, forMs)),
    ]);
    this.#work.catch((error: unknown) => this.#history.tell('the work broke off', { reason: String(error) }));
  }

  /** Clicks go on while problems are still found. @throws what broke the work off. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#work;
  }

  /** A collect of some part of the past, one behind the other, so that there is something new to repair all the time. */
  async #collect(forMs: number): Promise<void> {
    const startedAt = Date.now();
    const steps = Math.max(8, Math.round(forMs / 7_000));
    for (let step = 0; step < steps; step += 1) {
      const now = Date.now();
      const span = (OLDEST_MS - YOUNGEST_MS) / steps;
      const from = new Date(startedAt - OLDEST_MS + step * span);
      const body = {
        windowFrom: from.toISOString(),
        windowTo: new Date(from.getTime() + span).toISOString(),
      };
      const made = await this.#cluster.people.patiently(
        (api, idempotencyKey) => api.startCollection({ body, idempotencyKey }),
        this.#end.signal,
      );
      if (made === null) return;
      this.#witness.saw({ kind: 'collection', id: made.id });
      this.counts.collections += 1;
      const waitMs = (forMs * (step + 1)) / steps - (now - startedAt);
      await this.#pause(Math.max(500, Math.min(waitMs, forMs / steps)));
    }
  }

  /** Problems that wait for a person are clicked, some alone and some together. */
  async #click(): Promise<void> {
    const { people } = this.#cluster;
    while (!this.#end.signal.aborted) {
      await this.#pause(CLICK_EVERY_MS);
      const page = await people
        .once((api) =>
          api.listProblems({
            query: {
              fixCode: [CLICKED_FIX],
              state: ['pending'],
              waitReason: ['manual'],
              limit: WAITING_AT_ONCE,
            },
          }),
        )
        .catch(() => null);
      const ids = (page?.items ?? []).map(({ id }) => id);
      if (ids.length === 0) continue;
      // Where many wait, a person does not click them one by one.
      if (ids.length > MANY || this.#random() < 0.4) await this.#bulk(ids);
      else await Promise.all(ids.slice(0, CLICKS_AT_ONCE).map((id) => this.#one(id)));
    }
  }

  async #one(id: string): Promise<void> {
    try {
      const taken = await this.#asPerson('click', (api, idempotencyKey) =>
        api.runProblem({ params: { id }, body: {}, idempotencyKey }),
      );
      if (taken === null) return;
      this.#witness.saw({ kind: 'click', problemId: id });
      this.counts.clicks += 1;
    } catch (error) {
      // Clicked by somebody else meanwhile, or fixed already.
      if (!(error instanceof ApiError)) throw error;
      this.#history.note('a click was refused', { id, code: error.code });
    }
  }

  async #bulk(ids: readonly string[]): Promise<void> {
    try {
      const taken = await this.#asPerson('bulk run', (api, idempotencyKey) =>
        api.runProblems({ body: { ids: [...ids] }, idempotencyKey }),
      );
      if (taken === null) return;
      this.counts.bulkRuns += 1;
      const refused = new Set(taken.refused.map(({ id }) => id));
      for (const id of ids) if (!refused.has(id)) this.#witness.saw({ kind: 'click', problemId: id });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#history.note('a bulk run was refused', { code: error.code });
    }
  }

  /** Asks again for as long as a person would. @returns null where there was no answer. */
  async #asPerson<T>(what: string, call: (api: ApiClient, key: string) => Promise<T>): Promise<T | null> {
    const codes = new Set<string>();
    // A controller of its own: a combined signal of a timeout that nobody else holds may be collected and never fire.
    const patience = new AbortController();
    const late = setTimeout(() => patience.abort(), PATIENCE_MS);
    const stop = (): void => patience.abort();
    this.#end.signal.addEventListener('abort', stop, { once: true });
    const from = Date.now();
    const answer = await this.#cluster.people
      .patiently(call, patience.signal, (code) => codes.add(code))
      .finally(() => {
        clearTimeout(late);
        this.#end.signal.removeEventListener('abort', stop);
      });
    if (answer === null && !this.#end.signal.aborted) this.counts.clicksGivenUp += 1;
    if (answer === null || Date.now() - from > PATIENCE_MS / 2)
      this.#history.tell(answer === null ? `nobody answered a ${what}` : `a ${what} was answered late`, {
        afterMs: Date.now() - from,
        codes: [...codes],
      });
    return answer;
  }

  /** Customers of one system, who know nothing of all this. An answer that does not come is not asked for again. */
  async #order(sysCode: string, forMs: number): Promise<void> {
    const door = this.#cluster.frontDoors.get(sysCode);
    const last = Date.now() + forMs - LAST_ORDER_BEFORE_END_MS;
    for (let number = 1; Date.now() < last && !this.#end.signal.aborted; number += 1) {
      await this.#pause(ORDER_EVERY_MS * (0.5 + this.#random()));
      const account = NEW_CUSTOMERS[Math.floor(this.#random() * NEW_CUSTOMERS.length)];
      if (account === undefined || door === undefined) return;
      const orderNo = `N-${sysCode}-${String(number).padStart(6, '0')}`;
      const body = {
        orderNo,
        type: this.#random() < 0.5 ? 'recharge' : 'withdraw',
        booking: this.#random() < 0.5 ? 'one-shot' : 'staged',
        accountNo: account.accountNo,
        amountMinor: String(100 + Math.floor(this.#random() * 5_000)),
      };
      const answer = await fetch(`${door}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(5_000),
      }).catch(() => null);
      await answer?.arrayBuffer().catch(() => {});
      if (answer?.status === 201) {
        this.#witness.saw({ kind: 'order', sysCode, orderNo });
        this.counts.orders += 1;
      } else if (answer === null) this.counts.ordersUnanswered += 1;
      else {
        this.#history.note('an order was refused', { orderNo, status: answer.status });
        this.counts.ordersRefused += 1;
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#end.signal }).catch(() => {});
  }
}
