/** A token never reaches beyond its owner, whatever both are given and whatever changes meanwhile. */
import { BUILT_IN_ROLES, TOKEN_VERBS, type Verb, VERBS } from '@piculus/protocol';
import fc from 'fast-check';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenTestDatabase, openTestDatabase } from '../../../../test/support/database.ts';
import { contextOf } from '../../src/base/context.ts';
import { type Caller, type Grant, inScope, type Scope, scopesOf } from '../../src/base/access.ts';
import { systemClock } from '../../src/base/clock.ts';
import { readScopes } from '../../src/identity/grants.ts';
import { ARGON2ID } from '../../src/identity/passwords.ts';
import { limitScope, type TokenScope } from '../../src/identity/token-rules.ts';
import { createTokens } from '../../src/identity/tokens.ts';
import { createUsers } from '../../src/identity/users.ts';
import { createWake } from '../../src/base/wake.ts';
import { createSystems } from '../../src/systems/index.ts';
import { ANYONE } from '../../../../test/support/callers.ts';

const ADMIN: Caller = { ...ANYONE, authenticatedAt: new Date() };
const SYSTEMS = ['A', 'B', 'C'];
const systemOrAll = fc.constantFrom(null, ...SYSTEMS);
const grants = fc.array(fc.record({ verbs: fc.subarray([...VERBS]), sysCode: systemOrAll }), {
  maxLength: 5,
});
const tokenScope = fc.record({
  // What lies in the database may have been written by another version.
  verbs: fc.subarray([...VERBS, 'destroy']),
  sysCodes: fc.option(fc.subarray([...SYSTEMS, 'GONE']), { nil: null }),
});

/** In these and in one that is yet to come. */
const places = (scope: Scope): string[] =>
  [...SYSTEMS, 'GONE', 'NEW'].filter((sysCode) => inScope(scope, sysCode));

function checkWithin(token: (verb: Verb) => Scope, owner: (verb: Verb) => Scope, made: TokenScope): void {
  for (const verb of VERBS) {
    const able = made.verbs.includes(verb) && verb !== 'approve' && verb !== 'administer';
    const expected = places(owner(verb)).filter(
      (sysCode) => able && (made.sysCodes === null || made.sysCodes.includes(sysCode)),
    );
    expect([verb, places(token(verb))]).toEqual([verb, expected]);
    // All systems are asked for where an act belongs to none.
    if (token(verb) === 'all') expect([verb, owner(verb)]).toEqual([verb, 'all']);
  }
}

it('holds for any grants and any token', () => {
  fc.assert(
    fc.property(grants, tokenScope, (given: Grant[], made) => {
      const owner = scopesOf(given);
      checkWithin(limitScope(owner, made), owner, made);
    }),
    { numRuns: 5_000 },
  );
});

let database: OpenTestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.drop());

type Step =
  | { readonly do: 'grant'; readonly grants: { readonly role: string; readonly sysCode: string | null }[] }
  | {
      readonly do: 'make';
      readonly verbs: (typeof TOKEN_VERBS)[number][];
      readonly sysCodes: string[] | null;
    }
  | { readonly do: 'revoke' | 'expire'; readonly which: number }
  | { readonly do: 'enable'; readonly enabled: boolean };
const role = fc.constantFrom(...Object.keys(BUILT_IN_ROLES));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('grant' as const),
    grants: fc.array(fc.record({ role, sysCode: systemOrAll }), { maxLength: 3 }),
  }),
  fc.record({
    do: fc.constant('make' as const),
    verbs: fc.subarray([...TOKEN_VERBS], { minLength: 1 }),
    sysCodes: fc.option(fc.subarray(SYSTEMS, { minLength: 1 }), { nil: null }),
  }),
  fc.record({ do: fc.constantFrom('revoke' as const, 'expire' as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant('enable' as const), enabled: fc.boolean() }),
);

interface Known {
  readonly text: string;
  readonly id: string;
  readonly made: TokenScope;
  ended: boolean;
}

it('holds after any changes of grants, tokens and the account', async () => {
  const { db } = database;
  const context = contextOf({
    db,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    nodeId: 'test',
    events: { publish: () => {} },
    wake: createWake(systemClock),
  });
  const users = createUsers(context, { ...ARGON2ID, hash: async () => 'not a hash' });
  const tokens = createTokens(context);
  const systems = createSystems(context);
  for (const sysCode of SYSTEMS)
    await systems.create(
      { sysCode, name: sysCode, collectCron: null, collectTimeZone: 'UTC', collectWindowMs: 86_400_000 },
      ADMIN,
    );
  const admin = [{ role: 'administrator', sysCode: null }];
  await users.create({ username: 'another', name: 'x', password: 'not looked at', grants: admin }, ADMIN);
  let count = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      count += 1;
      const username = `person${count}`;
      const { id } = await users.create(
        { username, name: 'x', password: 'not looked at', grants: [] },
        ADMIN,
      );
      const known: Known[] = [];
      for (const next of steps) {
        const scope = await readScopes(db, id);
        if (next.do === 'grant') {
          const before = (await users.list(ADMIN)).find((user) => user.id === id)?.grants ?? [];
          await users.setGrants(id, { before, grants: next.grants }, ADMIN);
        } else if (next.do === 'enable') {
          await users.setEnabled(id, next.enabled, ADMIN);
          if (!next.enabled) for (const token of known) token.ended = true;
        } else if (next.do === 'make') {
          const caller: Caller = {
            actor: username,
            userId: id,
            via: 'session',
            from: null,
            authenticatedAt: new Date(),
            scope,
          };
          const { verbs, sysCodes } = next;
          const made = await tokens.create({ name: 'x', verbs, sysCodes, days: 1 }, caller).catch(() => null);
          if (made === null) refused += 1;
          else known.push({ text: made.token, id: made.info.id, made: { verbs, sysCodes }, ended: false });
        } else {
          const token = known[next.which];
          if (token === undefined) continue;
          if (next.do === 'revoke') await tokens.revoke(token.id, ADMIN);
          else
            await sql`UPDATE piculus.api_tokens SET created_at = created_at - interval '2 days',
              expires_at = expires_at - interval '2 days' WHERE id = ${token.id}`.execute(db);
          token.ended = true;
        }
        const owner = await readScopes(db, id);
        for (const { text, made, ended } of known) {
          const holder = await tokens.authenticate(text);
          expect([next.do, holder === null]).toEqual([next.do, ended]);
          if (holder === null) continue;
          expect(holder.user.id).toBe(id);
          checkWithin(limitScope(owner, holder.scope), owner, made);
        }
      }
    }),
    { numRuns: 40 },
  );
  expect(refused).toBeGreaterThan(0);
});
