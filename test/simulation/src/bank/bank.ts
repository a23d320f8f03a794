/**
 * The simulated bank: one number is executed once at most, a number that it closed is never paid, and it tells the
 * truth when it is asked, late, and not always. What really happened is kept with its times, for the invariants.
 */
import type { BankAnswerCode, BankCapabilities } from '@piculus/repairs';
import type { BankProfile } from '../profile.ts';
import type { Random } from '../random.ts';
import type { Scheduler } from '../scheduler.ts';

export type BankState = 'processing' | 'settled' | 'failed' | 'closed' | 'returned';

export interface BankRequest {
  readonly requestNo: string;
  readonly orderNo: string;
  readonly direction: 1 | -1;
  readonly amountMinor: bigint;
  readonly currency: string;
}

export interface Held extends BankRequest {
  readonly receivedAtMs: number;
  state: BankState;
  /** Every state with the time since which it was so. */
  readonly history: { readonly atMs: number; readonly state: BankState }[];
  /** Times that money moved for this number. */
  movements: number;
  /** Who asked about it, and when last. */
  readonly askedMs: Map<string, number>;
  /** It said of this number, for a while, what is not so: what comes of that is for a person. */
  denied: boolean;
}

export interface Said {
  readonly code: BankAnswerCode;
  readonly amountMinor: bigint | null;
  readonly currency: string | null;
  readonly receivedAtMs: number | null;
}

const CODES: Readonly<Record<BankState, BankAnswerCode>> = {
  processing: 'PROCESSING',
  settled: 'PAID',
  failed: 'FAILED',
  closed: 'CLOSED',
  returned: 'RETURNED',
};
const DAY_MS = 24 * 3_600_000;
const DENIES_MS = 60_000;
const NOTHING: Said = { code: 'NOT_FOUND', amountMinor: null, currency: null, receivedAtMs: null };

export class SimulatedBank {
  readonly held = new Map<string, Held>();
  readonly capabilities: BankCapabilities;
  healed = false;
  /** Until when it finds nothing, and since when. */
  blind: { readonly fromMs: number; readonly untilMs: number } | null = null;
  /** Told when a number became final. */
  onFinal: ((held: Held) => void) | null = null;
  /** Told of every state that a number takes. */
  onState: ((held: Held) => void) | null = null;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #profile: BankProfile;
  readonly #denials = new Map<string, { readonly code: BankAnswerCode; readonly untilMs: number }>();

  constructor(scheduler: Scheduler, random: Random, profile: BankProfile) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#profile = profile;
    this.capabilities = {
      dedupeHorizonMs: 30 * DAY_MS,
      queryWindowMs: 30 * DAY_MS,
      sameNumberOnFailure: profile.onFailure,
      notFoundWindowMs: profile.notFoundMs === 0 ? 0 : profile.notFoundMs + 1_000,
      hasClose: profile.closes,
      closeMinAgeMs: 0,
      closeAcceptsUnknownNumber: profile.closes,
      closeMayRefund: false,
      amountFieldsCompared: true,
    };
  }

  /** A request reaches the bank, for the first time or again. */
  arrives(request: BankRequest): Said {
    const there = this.held.get(request.requestNo);
    if (!there) return this.#take(request);
    const again = there.state === 'failed' && this.#profile.onFailure === 'executes-again';
    if (again) this.#work(there);
    return say(there);
  }

  /** Puts a number in without a request, as the world was before the run. */
  put(request: BankRequest, state: BankState): void {
    const held = this.#hold(request, state);
    held.movements = state === 'settled' || state === 'returned' ? 1 : 0;
    if (state === 'settled' && held.direction === -1) {
      this.#mayReturn(held, this.#profile.returnsFromMs, this.#profile.returnsToMs);
    }
    if (state === 'settled') this.#mayDeny(held);
  }

  query(requestNo: string, by: string): Said {
    const held = this.held.get(requestNo);
    held?.askedMs.set(by, this.#scheduler.nowMs);
    if (!held || this.isBlind() || this.#hidden(held)) return NOTHING;
    const denial = this.#denials.get(requestNo);
    if (!denial || this.healed || this.#scheduler.nowMs > denial.untilMs) return say(held);
    return { ...say(held), code: denial.code };
  }

  close(request: BankRequest, by: string): Said {
    const held = this.held.get(request.requestNo);
    if (!held) {
      this.#hold(request, 'closed');
      return say({ ...request, state: 'closed', receivedAtMs: this.#scheduler.nowMs });
    }
    // While it is blind it would close what it does not see. One that went blind only after this caller had asked is a
    // fault that the caller could not notice, and is left out.
    const askedMs = held.askedMs.get(by) ?? Number.NEGATIVE_INFINITY;
    if (this.blind && this.isBlind() && askedMs >= this.blind.fromMs && held.state !== 'closed') {
      return { ...NOTHING, code: 'CLOSED' };
    }
    if (held.state === 'failed') this.#become(held, 'closed');
    return say(held);
  }

  /** A payer pays, if the number still takes money. */
  collect(request: BankRequest): void {
    const held = this.held.get(request.requestNo);
    if (held) return;
    const taken = this.#hold(request, 'processing');
    this.#settle(taken);
  }

  isBlind(): boolean {
    const { blind } = this;
    return !this.healed && blind !== null && this.#scheduler.nowMs < blind.untilMs;
  }

  /** Whether the number was in this state at any time of the last `withinMs`. */
  was(requestNo: string, states: readonly BankState[], withinMs: number): boolean {
    const held = this.held.get(requestNo);
    if (!held) return false;
    const from = this.#scheduler.nowMs - withinMs;
    return held.history.some(({ state }, at) => {
      const endedAt = held.history[at + 1]?.atMs ?? Number.POSITIVE_INFINITY;
      return endedAt >= from && states.includes(state);
    });
  }

  #hidden(held: Held): boolean {
    return this.#scheduler.nowMs < held.receivedAtMs + this.#profile.notFoundMs;
  }

  #take(request: BankRequest): Said {
    const held = this.#hold(request, 'processing');
    this.#work(held);
    return say(held);
  }

  #hold(request: BankRequest, state: BankState): Held {
    const atMs = this.#scheduler.nowMs;
    const held: Held = {
      ...request,
      receivedAtMs: atMs,
      state,
      history: [{ atMs, state }],
      movements: 0,
      askedMs: new Map(),
      denied: false,
    };
    this.held.set(request.requestNo, held);
    this.onState?.(held);
    return held;
  }

  #work(held: Held): void {
    this.#become(held, 'processing');
    const { settlesMs, refuses } = this.#profile;
    const refused = held.direction === -1 && this.#random.chance(refuses);
    const end = (): void => (refused ? this.#final(held, 'failed') : this.#settle(held));
    if (settlesMs === 0) end();
    else this.#scheduler.after(this.#random.between(0, settlesMs), null, 'bank works', end);
  }

  #settle(held: Held): void {
    held.movements += 1;
    this.#final(held, 'settled');
    this.#mayDeny(held);
    if (held.direction === -1) this.#mayReturn(held, 5_000, 90_000);
  }

  /** It denies a payment once its statement shows it: earlier there would be nothing by which to notice. */
  #mayDeny(held: Held): void {
    const { denies, statementDelayMs } = this.#profile;
    if (this.healed || denies === 0 || !this.#random.chance(denies)) return;
    this.#scheduler.after(statementDelayMs + 100, null, 'bank denies a payment', () =>
      this.#deny(held, 'FAILED'),
    );
  }

  /** It is known by others that it closed this number: now it may say that it paid. */
  proven(requestNo: string): void {
    const held = this.held.get(requestNo);
    const { denies } = this.#profile;
    if (held?.state === 'closed' && denies > 0 && this.#random.chance(denies)) this.#deny(held, 'PAID');
  }

  #deny(held: Held, code: BankAnswerCode): void {
    held.denied = true;
    this.#denials.set(held.requestNo, { code, untilMs: this.#scheduler.nowMs + DENIES_MS });
  }

  /** The payee's bank sends the money back. */
  #mayReturn(held: Held, fromMs: number, toMs: number): void {
    if (this.healed || !this.#random.chance(this.#profile.returns)) return;
    this.#scheduler.after(this.#random.between(fromMs, toMs), null, 'payee returns', () =>
      this.#become(held, 'returned'),
    );
  }

  #final(held: Held, state: 'settled' | 'failed'): void {
    if (held.state !== 'processing') return;
    this.#become(held, state);
    this.onFinal?.(held);
  }

  #become(held: Held, state: BankState): void {
    if (held.state === state) return;
    held.state = state;
    held.history.push({ atMs: this.#scheduler.nowMs, state });
    this.onState?.(held);
  }
}

function say(held: BankRequest & Pick<Held, 'state' | 'receivedAtMs'>): Said {
  const { amountMinor, currency, receivedAtMs, state } = held;
  return { code: CODES[state], amountMinor, currency, receivedAtMs };
}
