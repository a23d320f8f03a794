/** The table refuses what the rules never make. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenTestDatabase, openTestDatabase, TEST_ENGINES } from '../../../../test/support/database.ts';
import { sqlState } from '../../src/store/availability.ts';

describe.each(TEST_ENGINES)('the problem table on %s', (engine) => {
  let database: OpenTestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase(engine);
    await sql`
      INSERT INTO piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
        out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, first_seen_at, last_seen_at)
      VALUES ('PBAP', 'f', 'R1', 'C1', 'fix', 1, 'CNY', 'nobody', now(), '{}', '{}', 'pending', now(), now(), now(), now())
    `.execute(database.db);
  });
  afterAll(() => database.drop());

  it.each([
    [`state = 'executing'`],
    [`state = 'lost'`],
    [`state = 'closed', reopened = true`],
    [`state = 'fixed', reopened = true`],
    [`state = 'exhausted', reopened = true`],
    [`seen_since_closed = true`],
    [`confirmed_at = now()`],
    [`state = 'fixed', not_yet_since = now()`],
    [`retries_used = -1`],
    [`handling = 'nobody'`],
    [`out_of_pocket = 'bank'`],
  ])('refuses %s', async (change) => {
    const failure = await sql`UPDATE piculus.problems SET ${sql.raw(change)}`
      .execute(database.db)
      .catch((error: unknown) => error);
    expect(sqlState(failure)).toBe('23514');
  });

  it('has one row per system, fix code and business key', async () => {
    const failure = await sql`
      INSERT INTO piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
        out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, first_seen_at, last_seen_at)
      SELECT sys_code, fix_code, business_key, scenario, handling, amount_minor, currency, out_of_pocket, occurred_at,
        facts, contradictions, state, state_changed_at, ready_at, first_seen_at, last_seen_at FROM piculus.problems
    `
      .execute(database.db)
      .catch((error: unknown) => error);
    expect(sqlState(failure)).toBe('23505');
  });
});
