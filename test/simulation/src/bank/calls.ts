/** Calls to the bank from a process: over a network that loses and delays, with a time limit and no certainty. */
import type { BankAnswer, BankPort } from '@piculus/repairs';
import { EPOCH_MS, type Lane, type Scheduler } from '../scheduler.ts';
import type { BankProfile } from '../profile.ts';
import type { Random } from '../random.ts';
import type { BankRequest, Said, SimulatedBank } from './bank.ts';

const CALL_MS = 5_000;
const LATE_MS = 180_000;

/** Told what a process heard from the bank about a number, in words. */
type Heard = (requestNo: string, text: string) => void;

export class BankCalls {
  healed = false;
  /** A number that was settled before the run began. */
  readonly controlNo: string;
  readonly #scheduler: Scheduler;
  readonly #bank: SimulatedBank;
  readonly #random: Random;
  readonly #profile: BankProfile;
  readonly #heard: Heard;

  constructor(parts: {
    scheduler: Scheduler;
    bank: SimulatedBank;
    random: Random;
    profile: BankProfile;
    controlNo: string;
    heard: Heard;
  }) {
    this.#scheduler = parts.scheduler;
    this.#bank = parts.bank;
    this.#random = parts.random;
    this.#profile = parts.profile;
    this.controlNo = parts.controlNo;
    this.#heard = parts.heard;
  }

  portFor(lane: Lane): BankPort {
    const bank = this.#bank;
    return {
      capabilities: bank.capabilities,
      query: (requestNo) => this.#call(lane, 'query', requestNo, () => bank.query(requestNo, lane.name)),
      close: (requestNo, order) =>
        this.#call(lane, 'close', requestNo, () =>
          bank.close(
            {
              requestNo,
              orderNo: order.orderNo,
              direction: order.type === 'recharge' ? 1 : -1,
              amountMinor: order.amountMinor,
              currency: order.currency,
            },
            lane.name,
          ),
        ),
      submitPayout: ({ payee: _, ...request }) => this.submit(lane, { ...request, direction: -1 }),
      positiveControl: async () => {
        const { code } = await this.#call(lane, 'control', this.controlNo, () =>
          bank.query(this.controlNo, lane.name),
        );
        return { ok: code === 'PAID', detail: `the known number is ${code}` };
      },
    };
  }

  /** A request to pay: it may arrive late, twice or never, whatever the caller hears. */
  submit(lane: Lane, request: BankRequest): Promise<BankAnswer> {
    const { late, repeats } = this.#profile;
    if (this.#happens(repeats)) this.#arriveLater(request);
    if (this.#happens(late)) {
      this.#arriveLater(request);
      return this.#call(lane, 'submit', request.requestNo, null);
    }
    return this.#call(lane, 'submit', request.requestNo, () => this.#bank.arrives(request));
  }

  #arriveLater(request: BankRequest): void {
    this.#scheduler.after(this.#random.between(1_000, LATE_MS), null, 'late request', () => {
      this.#bank.arrives(request);
    });
  }

  #happens(chance: number): boolean {
    return !this.healed && this.#random.chance(chance);
  }

  /** @param ask null for what does not reach the bank in time. */
  async #call(lane: Lane, name: string, requestNo: string, ask: (() => Said) | null): Promise<BankAnswer> {
    const there = this.#random.between(0.5, 1.5) * this.#profile.answersMs;
    const back = this.#random.between(0.5, 1.5) * this.#profile.answersMs;
    const lostThere = ask === null || this.#happens(this.#profile.lost);
    const lostBack = this.#happens(this.#profile.lost);
    // The bank may say something else a moment later, so its answer is as old as the question.
    const askedAt = new Date(EPOCH_MS + Math.floor(this.#scheduler.nowMs));
    await lane.turn(`bank ${name}`);
    let said: Said | null = null;
    if (!lostThere) {
      // What the bank does, it does whether or not the caller lives.
      this.#scheduler.after(there, null, `bank does ${name}`, () => {
        said = ask();
      });
    }
    const wait = lostThere || lostBack ? CALL_MS : there + back;
    await new Promise<void>((resolve) => this.#scheduler.after(wait + 1, lane, `bank said ${name}`, resolve));
    await lane.turn('bank answered', 0.1);
    const answer = this.#answer(lostThere || lostBack ? null : said, askedAt);
    this.#heard(
      requestNo,
      `${lane.name} asked the bank to ${name === 'control' ? 'query' : name} ${requestNo}: ${answer.code}`,
    );
    return answer;
  }

  #answer(said: Said | null, askedAt: Date): BankAnswer {
    const observedAt = askedAt;
    if (said === null) {
      return {
        code: 'UNCLEAR',
        detail: 'timeout',
        amountMinor: null,
        currency: null,
        receivedAt: null,
        observedAt,
      };
    }
    const { code, amountMinor, currency, receivedAtMs } = said;
    const receivedAt = receivedAtMs === null ? null : new Date(EPOCH_MS + Math.floor(receivedAtMs));
    return { code, detail: '', amountMinor, currency, receivedAt, observedAt };
  }
}
