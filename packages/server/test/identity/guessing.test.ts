/** Guessing against a real server: no guess comes through, and the owner is never kept out of where they are known. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type OpenTestDatabase } from '../../../../test/support/database.ts';
import { contextOf } from '../../src/base/context.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/logger.ts';
import type { Context } from '../../src/base/services.ts';
import { createWake } from '../../src/base/wake.ts';
import { createLiveEvents } from '../../src/events/live-events.ts';
import { addressOf, createGuessing, TooManyTries } from '../../src/identity/guessing.ts';
import { createIdentity, type Identity } from '../../src/identity/index.ts';
import type { Hashing } from '../../src/identity/passwords.ts';
import { insertUser } from '../../src/store/users.ts';
import { transaction } from '../../src/store/pool.ts';

const SECRET = 'only-for-this-test-0123456789-abcdefgh';
const PASSWORD = 'the right one of the owner';
const OWNER = 'owner';
const HOME = '192.0.2.10';
const ATTACKER = '203.0.113.5';

/** As fast as can be, and counted: a name that nobody has must cost as much as one that somebody has. */
const computed = { hashes: 0, checks: 0 };
const CHEAP: Hashing = {
  hash: async (password) => {
    computed.hashes += 1;
    return `cheap:${password}`;
  },
  verify: async (hash, password) => {
    computed.checks += 1;
    return hash === `cheap:${password}`;
  },
};

let database: OpenTestDatabase;
let identity: Identity;
/** Moved by the test alone. */
let now = new Date('2026-11-22T08:00:00.000Z');
const clock: Clock = { ...systemClock, now: () => now };
const after = (ms: number): void => {
  now = new Date(now.getTime() + ms);
};

beforeAll(async () => {
  database = await openTestDatabase();
  const context: Context = contextOf({
    db: database.db,
    clock,
    log: createLogger('silent'),
    nodeId: 'n',
    events: createLiveEvents(clock),
    wake: createWake(clock),
  });
  identity = createIdentity(context, { secret: SECRET, publicUrl: null, hashing: CHEAP });
  const passwordHash = await CHEAP.hash(PASSWORD);
  for (const username of [OWNER, 'other'])
    await transaction(database.db, (tx) =>
      insertUser(tx, { id: username, username, name: username, passwordHash, at: now }),
    );
});
afterAll(() => database.drop());

interface Answer {
  readonly status: number;
  readonly retryAfterS: number | null;
  readonly text: string;
}

async function signIn(username: string, password: string, from: string): Promise<Answer> {
  const request = new Request('http://localhost/api/auth/sign-in/username', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  try {
    const response = await identity.handle(request, { from, requestId: 'test' });
    return { status: response.status, retryAfterS: null, text: await response.text() };
  } catch (error) {
    if (!(error instanceof TooManyTries)) throw error;
    return { status: error.status, retryAfterS: error.retryAfterS, text: error.code };
  }
}

const WRONG = 'not the right one';
/** Guesses until the first refusal to try. @returns how many were tried. */
async function exhaust(username: string, from: string): Promise<number> {
  for (let tried = 0; ; tried += 1) if ((await signIn(username, WRONG, from)).status === 429) return tried;
}

it('lets no guess of ten thousand through, and the owner in where they are known', async () => {
  expect((await signIn(OWNER, PASSWORD, HOME)).status).toBe(200);
  const before = computed.checks;
  const statuses = new Map<number, number>();
  for (let batch = 0; batch < 100; batch += 1) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        // Some of them are right: an attacker who may not try learns nothing from being right.
        signIn(OWNER, batch > 0 && index % 50 === 49 ? PASSWORD : `guess ${batch} ${index}`, ATTACKER),
      ),
    );
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    after(1_000);
  }
  expect(statuses.get(200)).toBeUndefined();
  expect((statuses.get(401) ?? 0) + (statuses.get(429) ?? 0)).toBe(10_000);
  // Of a hundred seconds' guesses so few were looked at.
  expect(computed.checks - before).toBeLessThan(20);
  expect((await signIn(OWNER, PASSWORD, HOME)).status).toBe(200);
  const stranger = await signIn(OWNER, PASSWORD, '198.51.100.77');
  expect(stranger.status).toBe(429);
  after((stranger.retryAfterS ?? 0) * 1_000);
  expect((await signIn(OWNER, PASSWORD, '198.51.100.77')).status).toBe(200);
});

it('answers names that nobody has like the others, and does the same work', async () => {
  after(48 * 3_600_000);
  const known: Answer[] = [];
  const unknown: Answer[] = [];
  for (let each = 0; each < 12; each += 1) {
    const checks = computed.checks;
    known.push(await signIn('other', WRONG, '203.0.113.20'));
    const hashes = computed.hashes;
    unknown.push(await signIn('no-such-user', WRONG, '203.0.113.21'));
    if (known.at(-1)?.status === 401)
      expect([computed.checks - checks, computed.hashes - hashes]).toEqual([1, 1]);
  }
  expect(unknown).toEqual(known);
  expect(known.map(({ status }) => status)).toEqual([...Array(8).fill(401), ...Array(4).fill(429)]);
});

it('waits longer and longer, and forgets after a day', async () => {
  after(48 * 3_600_000);
  const from = '203.0.113.30';
  expect(await exhaust('other', from)).toBe(8);
  const waits: number[] = [];
  for (let each = 0; each < 12; each += 1) {
    const { retryAfterS } = await signIn('other', WRONG, from);
    waits.push(retryAfterS ?? 0);
    after((retryAfterS ?? 0) * 1_000);
    expect((await signIn('other', WRONG, from)).status).toBe(401);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  after(24 * 3_600_000 + 1);
  expect(await exhaust('other', from)).toBe(8);
});

it('slows an address that tries one name after the other', async () => {
  after(48 * 3_600_000);
  const from = '203.0.113.40';
  const statuses: number[] = [];
  for (let each = 0; each < 60; each += 1)
    statuses.push((await signIn(`somebody-${each}`, WRONG, from)).status);
  expect(statuses.filter((status) => status === 401)).toHaveLength(40);
  expect(statuses.slice(40)).toEqual(Array(20).fill(429));
});

it('keeps as many rows as there are slots, whatever is tried', async () => {
  const guessing = createGuessing({ db: database.db, clock }, { secret: SECRET });
  const names = Array.from({ length: 300 }, (_, index) => `${'x'.repeat(index * 20)}${index}`);
  for (const [index, name] of names.entries()) await guessing.signIn(name, `2001:db8:${index}::1`);
  const rows = await database.db.selectFrom('sign_in_failures').select('slot').execute();
  for (const { slot } of rows) expect(slot).toMatch(/^(account|place):\d{1,5}$|^known:/);
});

it('counts tries within a session for that session', async () => {
  const guessing = createGuessing({ db: database.db, clock }, { secret: SECRET });
  for (let each = 0; each < 8; each += 1) await guessing.within('stolen');
  await expect(guessing.within('stolen')).rejects.toThrow(TooManyTries);
  await (await guessing.within('own')).right(null);
});

describe('the address that counts', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('of %s is %s', (from, address) => {
    expect(addressOf(from)).toBe(address);
  });
});
