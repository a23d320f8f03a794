/**
 * The time of a node, held to the clock of the database: all nodes of one database have one time, whatever their
 * machines say. With its machine's own clock a node that is two hours ahead would end the leases of all others, take
 * over what they are running, and stop every tick for two hours.
 *
 * Between two measurements it goes on by the time that passed, which a change of the machine's clock does not touch.
 */
import type { Clock } from '../base/clock.ts';
import type { Context, Loop } from '../base/services.ts';
import { createLoop } from '../dispatch/loop.ts';
import { readDatabaseTime } from '../store/database-time.ts';
import { boundAfterSetBack } from '../store/set-back.ts';

/** More than this is not made up for little by little. */
const STEP_MS = 1_000;
/** Over so long a smaller difference is made up for, so that time stands still or runs back for nobody. */
const SLEW_MS = 5_000;
/** An answer that took longer says too little about when it was given. */
const ROUND_TRIP_MS_MAX = 2_000;
const GOOD_ROUND_TRIP_MS = 20;
const TRIES_MAX = 3;
const POLL_MS = 5_000;
/** No lease and no duty lasts longer. */
const LONGEST_MS = 30_000;

export interface Measurement {
  /** What the database said, in milliseconds since the epoch. */
  readonly databaseMs: number;
  /** By `elapsedMs`, when it was asked and when the answer was there. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

export interface DisciplinedClock extends Clock {
  /** @returns by how much the time was stepped, in milliseconds; 0 where it is made up for little by little. */
  observe(measurement: Measurement): number;
  readonly standing: NonNullable<Clock['standing']>;
}

/**
 * @param machine tells the time until the database was asked first, and everything but the time; its `elapsedMs` goes
 *   on whatever happens to its clock.
 */
export function createDisciplinedClock(machine: Clock): DisciplinedClock {
  const elapsedMs = (): number => machine.elapsedMs();
  // The time is what passed, plus an offset that goes from one value to another while `SLEW_MS` pass.
  let from = 0;
  let to = 0;
  let since = 0;
  let measuredAt: number | null = null;

  const offsetAt = (at: number): number => {
    const part = Math.min(1, Math.max(0, (at - since) / SLEW_MS));
    return from + (to - from) * part;
  };
  const nowMs = (): number => {
    if (measuredAt === null) return machine.now().getTime();
    const at = elapsedMs();
    return at + offsetAt(at);
  };

  return {
    ...machine,
    now: () => new Date(nowMs()),
    observe({ databaseMs, askedAt, answeredAt }) {
      const roundTripMs = answeredAt - askedAt;
      if (measuredAt !== null && roundTripMs > ROUND_TRIP_MS_MAX) return 0;
      const measured = databaseMs + roundTripMs / 2 - answeredAt;
      const known = measuredAt === null ? machine.now().getTime() - elapsedMs() : offsetAt(answeredAt);
      const apart = measured - known;
      const first = measuredAt === null;
      measuredAt = answeredAt;
      if (first || Math.abs(apart) > STEP_MS) {
        from = measured;
        to = measured;
        since = answeredAt;
        return Math.abs(apart) > STEP_MS ? apart : 0;
      }
      // Within its own uncertainty a measurement says nothing new.
      if (Math.abs(apart) <= roundTripMs / 2) return 0;
      from = known;
      to = measured;
      since = answeredAt;
      return 0;
    },
    standing: () => ({
      offsetMs: machine.now().getTime() - nowMs(),
      measuredAgoMs: measuredAt === null ? null : elapsedMs() - measuredAt,
    }),
  };
}

/** Of a few tries the one that took the least time: the first may have had to connect. */
async function measure(db: Context['db'], clock: DisciplinedClock): Promise<Measurement> {
  const tookMs = ({ askedAt, answeredAt }: Measurement): number => answeredAt - askedAt;
  let best: Measurement | null = null;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const askedAt = clock.elapsedMs();
    const databaseMs = await readDatabaseTime(db);
    const one = { databaseMs, askedAt, answeredAt: clock.elapsedMs() };
    if (best === null || tookMs(one) < tookMs(best)) best = one;
    if (tookMs(best) <= GOOD_ROUND_TRIP_MS) break;
  }
  if (best === null) throw new Error('the time was not asked for');
  return best;
}

/**
 * Asks the database for the time.
 * @returns by how much the time was stepped, in milliseconds.
 * @throws PiculusError `database-away`.
 */
export async function measureTime({ db, log }: Context, clock: DisciplinedClock): Promise<number> {
  const steppedMs = clock.observe(await measure(db, clock));
  if (steppedMs === 0) return 0;
  const fields = { steppedMs: Math.round(steppedMs), offsetMs: Math.round(clock.standing().offsetMs) };
  log.warn(fields, "the time is the database's: this machine's clock says another one");
  return steppedMs;
}

/**
 * Every node that notices the database's clock to be set back bounds what lies ahead: the last one to notice finds what
 * the others still wrote by the time of before.
 */
export function createTimeKeeper(context: Context, clock: DisciplinedClock): Loop {
  // It may have been set back while no node was there.
  let mayLieAhead = true;
  return createLoop({
    ...context,
    name: 'time-keeper',
    wakeReason: null,
    pollMs: POLL_MS,
    delayMsMax: POLL_MS,
    work: async () => {
      if ((await measureTime(context, clock)) < 0) mayLieAhead = true;
      if (!mayLieAhead) return;
      const rows = await boundAfterSetBack(context.db, LONGEST_MS);
      mayLieAhead = false;
      if (rows > 0)
        context.log.warn({ rows }, "the database's clock was set back; what lay ahead counts from now");
    },
  });
}
