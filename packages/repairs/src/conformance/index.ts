/**
 * The conformance kit: shows that a payment system's ports keep the promises of the repairs. It knows no test
 * runner; register each check with yours:
 *
 *     for (const { name, run } of conformanceChecks(makeWorld)) test(name, run);
 */
import { DEFAULT_POLICY, type RepairPolicy } from '../ports.ts';
import { CASES, type Case } from './cases.ts';
import * as checks from './checks.ts';
import * as promises from './promises.ts';
import type { WorldFactory } from './world.ts';

export { CASES, type Case } from './cases.ts';
export * from './world.ts';

export interface ConformanceOptions {
  readonly policy?: RepairPolicy;
  /** Leaves cases out, for a system that cannot have them, for instance one without staged booking. */
  readonly applies?: (given: Case) => boolean;
}

export interface ConformanceCheck {
  readonly name: string;
  /** Makes a world of its own, runs and closes it. Rejects with an AssertionError where a promise is broken. */
  run(): Promise<void>;
}

const NAMED = {
  'is found once, under its own fix': checks.isFoundOnce,
  'twice is once': checks.twiceIsOnce,
  'a preview writes nothing': checks.previewWritesNothing,
  'survives a crash at each step': checks.crashAtEachStep,
  'survives lost answers': checks.lostAnswer,
  'does nothing on a blind bank': checks.blindBankDoesNothing,
  'a late original request moves nothing twice': checks.lateOriginal,
  'the normal path may come at any moment': checks.normalPathAtEachMoment,
  'duplicates at once are one': checks.duplicatesAtOnce,
  'another command is held off': checks.otherCommandIsHeldOff,
  'the normal path is held off': checks.normalPathIsHeldOff,
  'another decision stands': checks.otherDecisionStands,
  'too little money changes nothing': checks.tooLittleMoney,
  'an effect is booked once': promises.booksOnce,
  'the books are read inside a transaction': promises.booksAreReadInside,
  'a status changes only from what was seen': promises.statusIsGuarded,
  'the statement shows what moved': promises.statementIsFresh,
  'a callback under way is waited for': promises.callbackIsWaitedFor,
} as const satisfies Record<string, checks.Check>;

/** Those that not every case has something for. */
const ONLY_FOR: ReadonlyMap<checks.Check, (given: Case) => boolean> = new Map<
  checks.Check,
  (given: Case) => boolean
>([
  [checks.tooLittleMoney, ({ scenario }) => scenario === 'C2'],
  [checks.lateOriginal, checks.hasLateOriginal],
  [promises.booksOnce, promises.hasBooking],
  [promises.booksAreReadInside, promises.hasBooking],
  [promises.callbackIsWaitedFor, promises.hasCallback],
]);

/** @returns one check per promise and case; money being conserved is part of every one. */
export function conformanceChecks<Tx>(
  makeWorld: WorldFactory<Tx>,
  { policy = DEFAULT_POLICY, applies = () => true }: ConformanceOptions = {},
): readonly ConformanceCheck[] {
  return CASES.filter(applies).flatMap((given) =>
    Object.entries(NAMED)
      .filter(([, check]) => ONLY_FOR.get(check)?.(given) ?? true)
      .map(([promise, check]) => ({
        name: `${given.name}: ${promise}`,
        run: async () => {
          const world = await makeWorld();
          try {
            await check({ world, given, policy });
          } finally {
            await world.close();
          }
        },
      })),
  );
}
