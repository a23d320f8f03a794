/** What goes wrong in a run, and when: drawn from the seed, counted, and over when the world is healed. */
import type { SimulatedBank } from './bank/bank.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import type { Lane, Scheduler } from './scheduler.ts';
import type { SimulatedDatabase } from './system/tables.ts';

export interface FaultParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly profile: Profile;
  readonly bank: SimulatedBank;
  readonly database: SimulatedDatabase;
  /** The processes that may be killed or stopped just now. */
  lanes(): readonly Lane[];
  /** A process ended; another one takes its place some time later. */
  ended(lane: Lane): void;
  /** @param where which process, and for how long, where that is known. */
  happened(what: string, where?: string): void;
}

/** A process that stands still inside a transaction loses it after this. */
const IDLE_MS = 4_000;
const ROUND_MS = 5_000;
const BLIND_MS = 40_000;

export class Faults {
  #healed = false;
  readonly #parts: FaultParts;

  constructor(parts: FaultParts) {
    this.#parts = parts;
    parts.scheduler.atTurn = (lane, name) => this.#atStep(lane, name);
    this.#rounds();
    for (let time = 0; time < parts.profile.bank.blindTimes; time += 1) this.#blind(time);
  }

  heal(): void {
    this.#healed = true;
    this.#parts.scheduler.atTurn = null;
  }

  /** The bank finds nothing for a while. Two such times are far enough apart to be two. */
  #blind(time: number): void {
    const { scheduler, random, bank, happened } = this.#parts;
    const fromMs = time * 90_000 + random.between(5_000, 40_000);
    scheduler.after(fromMs, null, 'bank goes blind', () => {
      bank.blind = { fromMs: scheduler.nowMs, untilMs: scheduler.nowMs + BLIND_MS };
      happened('bank finds nothing');
    });
  }

  #rounds(): void {
    const { scheduler, random, profile } = this.#parts;
    scheduler.after(ROUND_MS * (0.5 + random.next()), null, 'faults', () => {
      if (this.#healed) return;
      const perRound = ROUND_MS / 60_000;
      for (const lane of this.#parts.lanes()) {
        if (random.chance(profile.processes.kills * perRound)) this.#kill(lane);
        else if (random.chance(profile.processes.freezes * perRound)) this.#freeze(lane);
      }
      this.#rounds();
    });
  }

  /** At a step of its own, where it hurts most. */
  #atStep(lane: Lane, name: string): void {
    const { random, profile } = this.#parts;
    if (lane.state !== 'up') return;
    const { focus, focused } = profile.processes;
    if (name === focus && focused > 0 && random.chance(focused * 0.3)) {
      if (random.chance(0.35)) this.#kill(lane);
      else this.#freeze(lane);
      return;
    }
    // What moves money is where a crash says most.
    const weight = /commit|bank|insert|results/.test(name) ? 4 : 1;
    if (random.chance(profile.processes.killsAtStep * weight * 0.25)) this.#kill(lane);
    else if (random.chance(profile.processes.freezesAtStep * weight * 0.25)) this.#freeze(lane);
  }

  #kill(lane: Lane): void {
    const { random, happened } = this.#parts;
    const how = random.chance(0.3) ? 'power' : 'crash';
    happened(how === 'power' ? 'process loses power' : 'process killed', lane.name);
    lane.kill(how);
    this.#parts.ended(lane);
  }

  #freeze(lane: Lane): void {
    const { scheduler, random, profile, database, happened } = this.#parts;
    if (lane.state !== 'up') return;
    lane.freeze();
    const since = lane.frozenAt;
    scheduler.after(IDLE_MS, null, 'idle in transaction', () => {
      if (lane.state === 'frozen' && lane.frozenAt === since) database.endIdle(lane);
    });
    const ms = random.between(0.6, 1.2) * profile.processes.freezeMs;
    scheduler.after(ms, null, 'process goes on', () => lane.thaw());
    happened('process stopped', `${lane.name}, for ${(ms / 1_000).toFixed(1)} s`);
  }
}
