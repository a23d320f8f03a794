/** What the differential test can call: a name, arguments drawn at random, and the call itself. */
import fc from 'fast-check';
import type { Tx } from '../../../packages/server/src/store/database.ts';

export { stores } from './stores.ts';

/** One call of a function of the store. */
export interface Call {
  /** `file.function`. */
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Nobody promises an order for its rows. */
  readonly unordered: boolean;
  run(tx: Tx): Promise<unknown>;
}

/** Calls in one transaction. */
export interface Step {
  readonly calls: readonly Call[];
  readonly end: 'commit' | 'roll back';
}

export interface Operation {
  readonly name: string;
  /** How often it is drawn, compared with the others. */
  readonly weight: number;
  readonly calls: fc.Arbitrary<Call>;
}

type Drawn<A> = { readonly [K in keyof A]: fc.Arbitrary<A[K]> };

export function operation<A extends Record<string, unknown>>(
  name: string,
  args: Drawn<A>,
  run: (tx: Tx, args: A) => Promise<unknown>,
  { unordered = false, weight = 2 }: { unordered?: boolean; weight?: number } = {},
): Operation {
  const drawn: fc.Arbitrary<A> = fc.record<A>(args);
  return { name, weight, calls: drawn.map((values) => callOf(name, values, run, unordered)) };
}

/** A call with arguments of one's own, for the beginning of a world. */
export function callOf<A extends Record<string, unknown>>(
  name: string,
  args: A,
  run: (tx: Tx, args: A) => Promise<unknown>,
  unordered = false,
): Call {
  return { name, args, unordered, run: (tx) => run(tx, args) };
}

export function stepsOf(operations: readonly Operation[]): fc.Arbitrary<Step> {
  const call = fc.oneof(...operations.map(({ calls, weight }) => ({ arbitrary: calls, weight })));
  const one = call.map((only): Step => ({ calls: [only], end: 'commit' }));
  const several = fc.record<Step>({
    calls: fc.array(call, { minLength: 2, maxLength: 4 }),
    end: fc.constantFrom('commit', 'commit', 'roll back'),
  });
  return fc.oneof({ arbitrary: one, weight: 5 }, { arbitrary: several, weight: 1 });
}
