/** That speed is not lost by and by: what problems cost, counted and not timed, stays within its bounds. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOUNDS, exceeded } from './bounds.ts';
import { type Done, prepareWork, type Work } from './work.ts';
import { type Costs, type CostWorld, openCostWorld } from './world.ts';

const PROBLEMS = 10_000;
const FEW = 1_000;
const CLICKS = 50;

let world: CostWorld;
let work: Work;

beforeAll(async () => {
  world = await openCostWorld();
  work = await prepareWork(world);
});
afterAll(() => world.close());

async function measured(act: () => Promise<Done>): Promise<{ costs: Costs; done: Done }> {
  let done: Done = { messages: 0, told: 0 };
  const costs = await world.costsOf(async () => {
    done = await act();
  });
  return { costs, done };
}

describe('ten thousand problems', () => {
  it('cost no more than they may, from their report to the chain over their executions', async () => {
    const ingest = await measured(() => work.ingest(0, PROBLEMS));
    const repeats = await measured(() => work.ingest(0, PROBLEMS));
    const drain = await measured(() => work.drain());
    const chain = await measured(async () => {
      await work.chain();
      return { messages: 0, told: drain.done.told };
    });
    await work.ingest(2 * PROBLEMS, CLICKS);
    const waiting = await work.pendingIds(CLICKS);
    const clicks = await measured(() => work.click(waiting));
    expect(clicks.done.told).toBe(CLICKS);
    expect(drain.done.told).toBe(PROBLEMS * 1.1);
    expect({
      ingest: exceeded(ingest.costs, ingest.done, BOUNDS.ingest),
      repeats: exceeded(repeats.costs, repeats.done, BOUNDS.repeats),
      drain: exceeded(drain.costs, drain.done, BOUNDS.drain),
      clicks: exceeded(clicks.costs, clicks.done, BOUNDS.clicks),
      chain: exceeded(chain.costs, chain.done, BOUNDS.chain),
    }).toEqual({ ingest: [], repeats: [], drain: [], clicks: [], chain: [] });
  });
});

describe('the bounds', () => {
  it('notice one more row for each problem', async () => {
    await world.sql(`
      CREATE TABLE piculus.one_more (id bigint);
      CREATE FUNCTION piculus.one_more() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN INSERT INTO piculus.one_more VALUES (NEW.id); RETURN NULL; END $$;
      CREATE TRIGGER one_more AFTER INSERT OR UPDATE ON piculus.problems
        FOR EACH ROW EXECUTE FUNCTION piculus.one_more()`);
    const ingest = await measured(() => work.ingest(PROBLEMS, FEW));
    const drain = await measured(() => work.drain());
    expect(exceeded(ingest.costs, ingest.done, BOUNDS.ingest)).toContainEqual(
      expect.stringMatching(/^rowTouches: 20/),
    );
    expect(exceeded(drain.costs, drain.done, BOUNDS.drain)).toContainEqual(
      expect.stringMatching(/^rowTouches: 3/),
    );
  });
});
