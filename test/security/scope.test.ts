/**
 * Random people with random grants look at everything: what each list, count, sum and page shows is compared with a
 * model that knows which rows belong to which system.
 */
import { type Verb, VERBS } from '@piculus/protocol';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Caller,
  type Grant,
  inScope,
  reach,
  type Scope,
} from '../../packages/server/src/base/access.ts';
import { systemClock } from '../../packages/server/src/base/clock.ts';
import { contextOf } from '../../packages/server/src/base/context.ts';
import type { Context } from '../../packages/server/src/base/services.ts';
import { createWake } from '../../packages/server/src/base/wake.ts';
import type { Rooms } from '../../packages/server/src/rooms.ts';
import { ANYONE, granted } from '../support/callers.ts';
import { type OpenTestDatabase, openTestDatabase } from '../support/database.ts';
import { codeOf } from './answers.ts';
import { roomsOf, seedSystem, type SeededSystem, sessionOf } from './seed.ts';

const SYSTEMS = ['ALPHA', 'BETA', 'GAMMA', 'DELTA', 'EPSILON', 'ZETA'];
const PROBLEMS = 60;
const PAGE = { limit: 500 };

let database: OpenTestDatabase;
let rooms: Rooms;
let seeded: ReadonlyMap<string, SeededSystem>;
let rows: readonly List[];

/** One list as somebody with all rights sees it: the ids of its rows, each with its system. */
interface List {
  readonly name: string;
  readonly read: (caller: Caller) => Promise<readonly string[]>;
  readonly systemOf: ReadonlyMap<string, string>;
}

beforeAll(async () => {
  database = await openTestDatabase();
  const context: Context = contextOf({
    db: database.db,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    nodeId: 'node-1',
    events: { publish: () => {} },
    wake: createWake(systemClock),
  });
  rooms = roomsOf(context);
  const made = new Map<string, SeededSystem>();
  for (const sysCode of SYSTEMS) made.set(sysCode, await seedSystem({ context, rooms }, sysCode, PROBLEMS));
  seeded = made;
  rows = await Promise.all(LISTS.map(asList));
});
afterAll(() => database.drop());

type Row = readonly [id: string, sysCode: string];
type Reader = (caller: Caller) => Promise<readonly Row[]>;

const LISTS: readonly (readonly [name: string, read: Reader])[] = [
  ['systems', async (caller) => (await rooms.systems.list(caller)).map(({ sysCode }) => [sysCode, sysCode])],
  ['problems', async (caller) => (await rooms.problems.list(PAGE, caller)).items.map(own)],
  [
    'work queue',
    async (caller) => (await rooms.problems.list({ ...PAGE, waitsForPerson: true }, caller)).items.map(own),
  ],
  [
    'needs a person',
    async (caller) => (await rooms.problems.list({ ...PAGE, state: ['needs-human'] }, caller)).items.map(own),
  ],
  [
    'being executed',
    async (caller) => (await rooms.problems.list({ ...PAGE, state: ['executing'] }, caller)).items.map(own),
  ],
  [
    'named systems',
    async (caller) =>
      (await rooms.problems.list({ ...PAGE, sysCode: SYSTEMS.slice(0, 3) }, caller)).items.map(own),
  ],
  ['export', exported],
  ['executions', async (caller) => (await rooms.executions.list(PAGE, caller)).items.map(own)],
  ['leases', async (caller) => (await rooms.executions.running(caller)).map(own)],
  [
    'collections',
    async (caller) =>
      (await rooms.collections.list(PAGE, caller)).items.flatMap(({ commands }) => commands.map(own)),
  ],
  [
    'complete collections',
    async (caller) =>
      (await rooms.collections.list({ ...PAGE, state: ['complete'] }, caller)).items.flatMap(({ commands }) =>
        commands.map(own),
      ),
  ],
  ['solutions', async (caller) => (await rooms.solutions.list({}, caller)).map(own)],
  [
    'clients',
    async (caller) =>
      (await rooms.clients.list({}, NO_SESSIONS, caller)).map(({ clientId, sysCode }) => [clientId, sysCode]),
  ],
  [
    'messages',
    async (caller) =>
      (await rooms.messages.list(PAGE, caller)).items.map(({ id, sysCode }) => [id, sysCode ?? '']),
  ],
  ['items of bulk runs', bulkItems],
  [
    'counts',
    async (caller) =>
      (await rooms.stats.read(NO_SESSIONS, caller)).counts.map((count) => [
        JSON.stringify(count),
        count.sysCode,
      ]),
  ],
  [
    'last collects',
    async (caller) =>
      (await rooms.stats.read(NO_SESSIONS, caller)).lastCollects.map(({ command }) => own(command)),
  ],
];

const own = ({ id, sysCode }: { id: string; sysCode: string }): Row => [id, sysCode];
const NO_SESSIONS = { all: () => [], bySystem: () => [] };

async function exported(caller: Caller): Promise<Row[]> {
  const found: Row[] = [];
  for await (const page of rooms.problems.export({}, caller)) found.push(...page.map(own));
  return found;
}

async function bulkItems(caller: Caller): Promise<Row[]> {
  const { items } = await rooms.bulkRuns.list(PAGE, caller);
  const pages = await Promise.all(items.map(({ id }) => rooms.bulkRuns.items(id, PAGE, caller)));
  return pages.flatMap((page, index) =>
    page.items.map(({ problemId, sysCode }): Row => [`${items[index]?.id} ${problemId}`, sysCode]),
  );
}

async function asList([name, read]: (typeof LISTS)[number]): Promise<List> {
  const all = await read(ANYONE);
  expect([name, new Set(all.map(([, sysCode]) => sysCode)).size]).toEqual([
    name,
    name === 'named systems' ? 3 : SYSTEMS.length,
  ]);
  return {
    name,
    read: async (caller) => (await read(caller)).map(([id]) => id),
    systemOf: new Map(all),
  };
}

const grant: fc.Arbitrary<Grant> = fc.record({
  verbs: fc.subarray([...VERBS], { minLength: 1 }),
  sysCode: fc.constantFrom(...SYSTEMS, ...SYSTEMS, 'NOWHERE', null),
});
const someone = fc.array(grant, { maxLength: 5 }).map((grants) => granted('somebody', grants));
let checks = 0;

/** Every row is either shown and in scope, or neither. */
async function compare({ name, read, systemOf }: List, caller: Caller): Promise<void> {
  const view = caller.scope('view');
  const shown = new Set(await read(caller));
  const wrong = [...systemOf].filter(([id, sysCode]) => shown.has(id) !== inScope(view, sysCode));
  checks += systemOf.size;
  expect({ name, wrong }).toEqual({ name, wrong: [] });
  expect([...shown].filter((id) => !systemOf.has(id))).toEqual([]);
}

describe('somebody with grants', () => {
  it('sees in every list exactly what is in their systems', async () => {
    await fc.assert(
      fc.asyncProperty(someone, async (caller) => {
        for (const list of rows.filter(({ name }) => name !== 'counts')) await compare(list, caller);
      }),
      { numRuns: 40, endOnFailure: true },
    );
    expect(checks).toBeGreaterThan(50_000);
  });

  it('sees counts and sums of their systems alone', async () => {
    const all = await rooms.stats.read(NO_SESSIONS, ANYONE);
    await fc.assert(
      fc.asyncProperty(someone, async (caller) => {
        const view = caller.scope('view');
        const there = SYSTEMS.filter((sysCode) => inScope(view, sysCode));
        const stats = await rooms.stats.read(NO_SESSIONS, caller);
        expect(stats.counts).toEqual(all.counts.filter(({ sysCode }) => there.includes(sysCode)));
        expect(stats.executing).toBe(2 * there.length);
        expect(stats.waitsForPerson).toBe((all.waitsForPerson / SYSTEMS.length) * there.length);
        expect(stats.clientsConnected).toBe(there.length);
        expect(total(stats.waits)).toBe((total(all.waits) / SYSTEMS.length) * there.length);
        expect(total(stats.ages)).toBe((total(all.ages) / SYSTEMS.length) * there.length);
        const executions = stats.hours.flatMap(({ outcomes }) => Object.values(outcomes));
        expect(executions.reduce((sum, count) => sum + count, 0)).toBe(2 * there.length);
        expect(stats.outcomesLastHour).toEqual(
          there.length === 0 ? {} : { fixed: there.length, failed: there.length },
        );
        const { problems, amounts } = await rooms.problems.count({}, caller);
        expect(problems).toBe(PROBLEMS * there.length);
        expect(amounts.map(({ amountMinor }) => amountMinor)).toEqual(
          there.length === 0 ? [] : [amountOf(there.length)],
        );
        const figures = await rooms.messages.stats({}, caller);
        expect(figures.slots.reduce((sum, slot) => sum + slot.in, 0)).toBe(3 * there.length);
        const runs = (await rooms.bulkRuns.list(PAGE, caller)).items;
        expect(runs.map((run) => [run.problems, run.results])).toEqual(
          there.map(() => [4, { waiting: 2, fixed: 1, failed: 1 }]),
        );
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });

  it('finds what belongs to one system where it is in view, and nothing elsewhere', async () => {
    await fc.assert(
      fc.asyncProperty(someone, fc.constantFrom(...SYSTEMS), async (caller, sysCode) => {
        const expected = inScope(caller.scope('view'), sysCode) ? null : 'not-found';
        for (const [name, read] of pagesOf(sysCode))
          expect([name, await codeOf(read(caller))]).toEqual([name, expected]);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  it('acts only where they may, and changes nothing elsewhere', async () => {
    await fc.assert(
      fc.asyncProperty(someone, fc.constantFrom(...SYSTEMS), async (caller, sysCode) => {
        for (const { name, verb, act } of actsOn(sysCode)) {
          const code = await codeOf(act(caller));
          const refused = refusalOf(caller, verb, sysCode);
          // Where it is allowed, what it meets may still stand in its way.
          if (refused !== null) expect([name, code]).toEqual([name, refused]);
          else expect([name, ['not-found', 'not-allowed'].includes(code ?? '')]).toEqual([name, false]);
        }
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  it('runs of many only those that they may, and is told which', async () => {
    await fc.assert(
      fc.asyncProperty(someone, async (caller) => {
        const ids = [...seeded.values()].map(({ problemIds }) => problemIds[10] ?? '');
        const { accepted, refused, bulkRunId } = await rooms.problems.runBulk(ids, caller, 'many');
        const runnable = reach(caller, 'execute');
        const codes = new Map(refused.map(({ id, code }) => [id, code]));
        let own = 0;
        for (const [index, sysCode] of SYSTEMS.entries()) {
          const code = codes.get(ids[index] ?? '');
          if (!inScope(caller.scope('view'), sysCode)) expect(code).toBe('not-found');
          else if (!inScope(runnable, sysCode)) expect(code).toBe('not-allowed');
          else if (code === undefined) own += 1;
          else expect(code).toBe('already-requested');
        }
        expect(accepted).toBe(own);
        await rooms.bulkRuns.cancel(bulkRunId, ANYONE, 'again').catch(() => {});
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});

const total = (rows: readonly { problems: number }[]): number =>
  rows.reduce((sum, { problems }) => sum + problems, 0);
const amountOf = (systems: number): string => String(systems * ((PROBLEMS * (2 * 100 + PROBLEMS - 1)) / 2));

function refusalOf(caller: Caller, verb: Verb, sysCode: string): 'not-found' | 'not-allowed' | null {
  const may = (scope: Scope): boolean => inScope(scope, sysCode);
  if (!may(caller.scope('view'))) return 'not-found';
  return may(caller.scope(verb)) ? null : 'not-allowed';
}

function there(sysCode: string): SeededSystem {
  const found = seeded.get(sysCode);
  if (found === undefined) throw new Error(`${sysCode} was not seeded`);
  return found;
}

function pagesOf(sysCode: string): [string, (caller: Caller) => Promise<unknown>][] {
  const { problemIds, collectionId, bulkRunId, solutionId } = there(sysCode);
  const [problemId = ''] = problemIds;
  return [
    ['problem', (caller) => rooms.problems.get(problemId, caller)],
    ['messages of a problem', (caller) => rooms.messages.forProblem(problemId, caller)],
    ['collection', (caller) => rooms.collections.get(collectionId, caller)],
    ['bulk run', (caller) => rooms.bulkRuns.get(bulkRunId, caller)],
    ['items', (caller) => rooms.bulkRuns.items(bulkRunId, PAGE, caller)],
    ['solution', (caller) => rooms.solutions.get(solutionId, caller)],
    ['versions', (caller) => rooms.solutions.versions(solutionId, caller)],
  ];
}

interface Act {
  readonly name: string;
  readonly verb: Verb;
  readonly act: (caller: Caller) => Promise<unknown>;
}

function actsOn(sysCode: string): Act[] {
  const { problemIds, collectionId, solutionId, keyId, bulkRunId } = there(sysCode);
  const problemId = problemIds[20] ?? '';
  const run = async (caller: Caller): Promise<void> => {
    const { refused } = await rooms.problems.run([problemId], caller, 'clicked');
    for (const { code } of refused) throw Object.assign(new Error(code), { code });
  };
  return [
    { name: 'run', verb: 'execute', act: run },
    { name: 'close', verb: 'execute', act: (caller) => rooms.problems.close(problemId, caller, 'closed') },
    { name: 'reopen', verb: 'execute', act: (caller) => rooms.problems.reopen(problemId, caller, 'opened') },
    {
      name: 'cancel a run',
      verb: 'execute',
      act: (caller) => rooms.bulkRuns.cancel(bulkRunId, caller, 'no'),
    },
    {
      name: 'cancel a collection',
      verb: 'collect',
      act: (caller) => rooms.collections.cancel(collectionId, caller),
    },
    {
      name: 'change a solution',
      verb: 'configure',
      act: (caller) => rooms.solutions.change(solutionId, { description: 'x' }, caller),
    },
    {
      name: 'change a system',
      verb: 'administer',
      act: (caller) => rooms.systems.change(sysCode, { name: 'y' }, caller),
    },
    { name: 'read keys', verb: 'administer', act: (caller) => rooms.systems.keys(sysCode, caller) },
    {
      name: 'revoke a key',
      verb: 'administer',
      act: (caller) => rooms.systems.revokeKey(sysCode, keyId, caller),
    },
  ];
}

describe('a client', () => {
  it('is given and may answer what is of its own system alone', async () => {
    const { leaseId } = there('ALPHA');
    const session = sessionOf('BETA', there('BETA').clientId);
    const results = { leaseId, epoch: 1, results: [] };
    expect(await codeOf(rooms.executions.record(session, results))).toMatch(/unknown-command|stale-lease/);
    expect([...(await rooms.executions.renew(session.clientId, [leaseId]))]).toEqual([]);
    const done = { rowsScanned: 0, problemsFound: 0, durationMs: 1, complete: true, feeds: [] };
    for (const collectionId of [there('ALPHA').collectionId]) {
      const [command] = (await rooms.collections.get(collectionId, ANYONE)).commands;
      const ended = { commandId: command?.id ?? '', epoch: 1, ...done };
      expect(await codeOf(rooms.collections.done(session, ended))).toMatch(/unknown-command|stale/);
    }
  });
});
