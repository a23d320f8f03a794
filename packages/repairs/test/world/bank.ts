/** The in-memory bank: idempotent by number, closes what it has not settled, refuses what it has closed. */
import type { BankAnswer, BankAnswerCode, BankCapabilities } from '../../src/index.ts';

type RequestState = 'processing' | 'settled' | 'failed' | 'closed';

interface Request {
  readonly orderNo: string;
  readonly direction: 1n | -1n;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly receivedAt: Date;
  state: RequestState;
}

export interface BankManners {
  /** `at-once`: a request that arrives is settled; `later`: it waits for `work`. */
  readonly settles: 'at-once' | 'later';
  /** After a request arrived, so many queries still say NOT_FOUND. */
  readonly blindQueries: number;
  /** What becomes of a payout that arrives. */
  readonly payouts: 'pays' | 'refuses';
}

export const HONEST: BankManners = { settles: 'at-once', blindQueries: 0, payouts: 'pays' };

const CODES: Readonly<Record<RequestState, BankAnswerCode>> = {
  processing: 'PROCESSING',
  settled: 'PAID',
  failed: 'FAILED',
  closed: 'CLOSED',
};

const DAY_MS = 24 * 3_600_000;

export class MemoryBank {
  readonly requests = new Map<string, Request>();
  readonly #blind = new Map<string, number>();
  readonly #manners: BankManners;
  readonly #now: () => Date;

  readonly capabilities: BankCapabilities = {
    dedupeHorizonMs: 30 * DAY_MS,
    queryWindowMs: 30 * DAY_MS,
    sameNumberOnFailure: 'replays-failure',
    hasClose: true,
    closeMinAgeMs: 0,
    closeAcceptsUnknownNumber: true,
    closeMayRefund: false,
    amountFieldsCompared: true,
  };

  constructor(manners: BankManners, now: () => Date) {
    this.#manners = manners;
    this.#now = now;
  }

  arrive(requestNo: string, request: Omit<Request, 'state' | 'receivedAt'>): BankAnswer {
    const there = this.requests.get(requestNo);
    if (there) return this.#answer(there);
    const { settles, payouts, blindQueries } = this.#manners;
    const arrived = settles === 'at-once' ? 'settled' : 'processing';
    const state = request.direction === -1n && payouts === 'refuses' ? 'failed' : arrived;
    this.put(requestNo, { ...request, state });
    this.#blind.set(requestNo, blindQueries);
    return this.#answer(this.requests.get(requestNo));
  }

  put(requestNo: string, request: Omit<Request, 'receivedAt'>): void {
    this.requests.set(requestNo, { ...request, receivedAt: this.#now() });
  }

  query(requestNo: string): BankAnswer {
    const blind = this.#blind.get(requestNo) ?? 0;
    if (blind > 0) {
      this.#blind.set(requestNo, blind - 1);
      return this.#answer(undefined);
    }
    return this.#answer(this.requests.get(requestNo));
  }

  close(requestNo: string, tombstone: Omit<Request, 'state' | 'receivedAt'>): BankAnswer {
    const there = this.requests.get(requestNo);
    if (!there) this.put(requestNo, { ...tombstone, state: 'closed' });
    return this.#answer(this.requests.get(requestNo));
  }

  work(): void {
    for (const request of this.requests.values())
      if (request.state === 'processing') request.state = 'settled';
  }

  moved(orderNo: string): { readonly minor: bigint; readonly times: number } {
    const settled = [...this.requests.values()].filter((r) => r.orderNo === orderNo && r.state === 'settled');
    return {
      minor: settled.reduce((sum, r) => sum + r.direction * r.amountMinor, 0n),
      times: settled.length,
    };
  }

  #answer(request: Request | undefined): BankAnswer {
    return {
      code: request ? CODES[request.state] : 'NOT_FOUND',
      detail: '',
      amountMinor: request?.amountMinor ?? null,
      currency: request?.currency ?? null,
      receivedAt: request?.receivedAt ?? null,
      observedAt: this.#now(),
    };
  }
}
