/**
 * Every route × every person × a system of theirs, one that is not, and one that does not exist, over HTTP, with the
 * expected answers from the policy lines alone.
 */
import { type AccessPolicy, BUILT_IN_ROLES, type Verb, VERBS } from '@piculus/protocol';
import {
  API_PREFIX,
  createApiClient,
  type RoleGrant,
  type Route,
  ROUTES,
  type RouteName,
} from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inScope, type Scope, scopesOf } from '../../packages/server/src/base/access.ts';
import { ROUTE_NAMES } from '../../packages/server/src/http/api-routes.ts';
import { CASE_PAGE_ROUTE } from '../../packages/server/src/http/case-file.ts';
import { EXPORT_ROUTE } from '../../packages/server/src/http/export.ts';
import type { Database } from '../../packages/server/src/store/database.ts';
import { createPerson } from '../support/people.ts';
import { startTestServer, type TestServer } from '../../packages/server/test/server/support.ts';
import { type About, ASKS } from './requests.ts';
import { rowsOf } from './rows.ts';
import { markOf, seedSystem, type SeededSystem, SOLUTION } from './seed.ts';
import { tokenOf } from './tokens.ts';
import { roomsBeside } from './world.ts';

const OWN = 'OWN';
const FOREIGN = 'FOREIGN';
const PASSWORD = 'long enough for anybody';

/** The built-in roles, and each verb alone. */
const ROLES: ReadonlyMap<string, readonly Verb[]> = new Map<string, readonly Verb[]>([
  ...Object.entries(BUILT_IN_ROLES),
  ...VERBS.map((verb) => [`only.${verb}`, [verb]] as const),
]);
const grant = (role: string, sysCode: string | null): RoleGrant => ({ role, sysCode });
/** Each role in one system, and the edges. */
const PEOPLE: ReadonlyMap<string, readonly RoleGrant[]> = new Map<string, readonly RoleGrant[]>([
  ...[...ROLES.keys()].map((role) => [role, [grant(role, OWN)]] as const),
  ['nobody', []],
  ['viewer.of.both', [grant('engineer', OWN), grant('viewer', FOREIGN)]],
  ['of.everything', [grant('administrator', null)]],
]);
const scopesBy = (person: string): ReturnType<typeof scopesOf> =>
  scopesOf(
    (PEOPLE.get(person) ?? []).map(({ role, sysCode }) => ({ verbs: ROLES.get(role) ?? [], sysCode })),
  );
/** They may not know of the foreign system, so nothing of it may change by what they do. */
const STRANGERS = [...PEOPLE.keys()].filter((name) => name !== 'viewer.of.both' && name !== 'of.everything');

let test: TestServer;
let db: Database;
let own: SeededSystem;
let foreign: SeededSystem;
let userId = '';
let serverKeyId = '';
const tokens = new Map<string, string>();
let words = 0;
const newWord = (): string => {
  words += 1;
  return `word${words}`;
};

beforeAll(async () => {
  test = await startTestServer();
  const { context, rooms, ...beside } = roomsBeside(test.config.databaseUrl);
  db = beside.db;
  own = await seedSystem({ context, rooms }, OWN, 12);
  foreign = await seedSystem({ context, rooms }, FOREIGN, 12);
  const both = [own, foreign].flatMap(({ problemIds }) => problemIds.slice(8, 10));
  await test.api.runProblems({ body: { ids: both, reason: 'both' } });
  const view = { page: 'problems', shared: true } as const;
  await test.api.createView({
    body: { ...view, name: `view-${markOf(FOREIGN)}`, query: `sysCode=${OWN},${FOREIGN}` },
  });
  for (const verb of VERBS)
    await test.api.putRole({ params: { name: `only.${verb}` }, body: { verbs: [verb], version: 0 } });
  for (const [username, grants] of PEOPLE) {
    const { token } = await createPerson(test.api, test.address, { username, password: PASSWORD, grants });
    tokens.set(username, token);
  }
  userId = (await test.api.createUser({ body: { username: 'somebody', name: 'x', password: PASSWORD } })).id;
  serverKeyId = (await test.api.listServerKeys()).items[0]?.keyId ?? '';
});
afterAll(async () => {
  await db.destroy();
  await test.stop();
});

interface Answer {
  readonly status: number;
  readonly code: string | null;
  readonly text: string;
}

async function ask(name: RouteName, person: string | null, about: About): Promise<Answer> {
  const { params = {}, query, body } = await ASKS[name](about);
  const route = ROUTES[name];
  const path = route.path.replaceAll(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''));
  const search = query === undefined ? '' : `?${new URLSearchParams(query)}`;
  const response = await fetch(`${test.address}${API_PREFIX}${path}${search}`, {
    method: route.method,
    headers: {
      ...(person === null ? {} : { authorization: `Bearer ${tokens.get(person)}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const code = response.status >= 400 ? String(JSON.parse(text).code) : null;
  return { status: response.status, code, text };
}

function about(target: SeededSystem, person: string | null): About {
  const { sysCode } = target;
  const absent = target.solutionId === ABSENT_ID;
  const token = person === null ? '' : (tokens.get(person) ?? '');
  return {
    ...target,
    userId: absent ? 'nobody-has-this-id' : userId,
    serverKeyId,
    word: newWord(),
    newSolution: async () => {
      if (absent) return ABSENT_ID;
      return (await test.api.createSolution({ body: { ...SOLUTION, sysCode, fixCode: `${newWord()}Fix` } }))
        .id;
    },
    newKey: async () =>
      absent ? ABSENT_ID : (await test.api.createSystemKey({ params: { sysCode } })).info.id,
    newRole: async () => {
      const name = absent ? 'nobody has this' : newWord();
      if (!absent) await test.api.putRole({ params: { name }, body: { verbs: ['view'], version: 0 } });
      return name;
    },
    newToken: () => tokenOf(db, person),
    newHalt: async () => (absent ? ABSENT_ID : haltOf(sysCode)),
    newView: async () => {
      if (person === null) return '1';
      const api = createApiClient({ baseUrl: test.address, token });
      return (await api.createView({ body: { page: 'problems', name: newWord(), query: '', shared: false } }))
        .id;
    },
  };
}

async function haltOf(sysCode: string): Promise<string> {
  const { items } = await test.api.listHalts({ query: { open: true } });
  const halt = items.find((one) => one.sysCode === sysCode);
  return (halt ?? (await test.api.stop({ body: { sysCode, includeManual: false, reason: 'to go on' } }))).id;
}

const ABSENT_ID = '999999999';
const ABSENT: SeededSystem = {
  sysCode: 'NOSUCH',
  keyId: ABSENT_ID,
  clientId: 'none',
  solutionId: ABSENT_ID,
  collectionId: ABSENT_ID,
  bulkRunId: ABSENT_ID,
  leaseId: 'none',
  approvalId: ABSENT_ID,
  problemIds: Array.from({ length: 12 }, () => ABSENT_ID),
};

/** What the policy line alone says. `let-in`: what the request meets behind it is not its business. */
type Expected = 401 | 403 | 404 | 'let-in' | 'by-row';

function expected(
  { access, method }: Pick<Route, 'access' | 'method'>,
  person: string | null,
  sysCode: string,
): Expected {
  if (access.where === 'open') return 'let-in';
  if (person === null) return 401;
  if (!('verb' in access)) return 'let-in';
  const scope = scopesBy(person);
  const able: Scope = scope(access.verb);
  if (access.where === 'everywhere') return able === 'all' ? 'let-in' : 403;
  if (able !== 'all' && able.size === 0) return 403;
  const sees = inScope(scope('view'), sysCode);
  // A list is limited without a word; an act is told of each thing that it names.
  if (access.where === 'somewhere')
    return method === 'GET' || (sees && inScope(able, sysCode)) ? 'let-in' : 'by-row';
  if (!sees) return 404;
  return inScope(able, sysCode) ? 'let-in' : 403;
}

/** The request is refused exactly as expected, or it was let in and whatever came of it was no refusal of that kind. */
function outcome(answer: Answer, want: Expected): unknown {
  const { status } = answer;
  if (want === 'by-row') return status === 401 ? status : want;
  if (want !== 'let-in') return status;
  return [401, 403, 404].includes(status) ? status : want;
}

/** Who may do there what a list is for sees what is in it, for instance the acts of a system that one administers. */
function maySee(access: AccessPolicy, person: string | null, sysCode: string): boolean {
  if (person === null) return false;
  const scope = scopesBy(person);
  return inScope(scope('view'), sysCode) || ('verb' in access && inScope(scope(access.verb), sysCode));
}

/** Whoever asks who they are is told all that they were given, also where it allows nothing without the right to view. */
function holdsIn(person: string | null, code: string): boolean {
  return (PEOPLE.get(person ?? '') ?? []).some(({ sysCode }) => sysCode === code);
}

async function checkRoute(name: RouteName, person: string | null): Promise<void> {
  const { access } = ROUTES[name];
  for (const target of [own, foreign]) {
    const { sysCode } = target;
    const answer = await ask(name, person, about(target, person));
    const where = `${name} by ${person ?? 'nobody signed in'} in ${sysCode}`;
    const want = expected(ROUTES[name], person, sysCode);
    expect([where, outcome(answer, want)]).toEqual([where, want]);
    const shown = (code: string): boolean =>
      maySee(access, person, code) || (name === 'getMe' && holdsIn(person, code));
    for (const hidden of [OWN, FOREIGN].filter((code) => !shown(code))) {
      expect([where, answer.text.includes(markOf(hidden))]).toEqual([where, false]);
      if (answer.status < 300) expect([where, answer.text.includes(`"${hidden}"`)]).toEqual([where, false]);
    }
    if (want !== 404) continue;
    // Nobody learns whether it is there for others.
    const nothing = await ask(name, person, about(ABSENT, person));
    expect([where, nothing.status, neutral(nothing)]).toEqual([where, 404, neutral(answer)]);
  }
}

/** The answer without what differs from one request to the next. */
function neutral({ text }: Answer): unknown {
  const { requestId: _, ...rest } = JSON.parse(text);
  return JSON.parse(JSON.stringify(rest).replaceAll(/\d+|NOSUCH|FOREIGN|OWN/g, '…'));
}

/** Asked rightly, they would end what the others are about to ask. */
const WRONG_ON_PURPOSE: ReadonlySet<RouteName> = new Set<RouteName>([
  'confirmIdentity',
  'changePassword',
  'confirmSecondFactor',
]);

/** What the test itself makes of the foreign system, so that there is something to delete. */
const MADE_BY_US = ['solutions', 'system_keys', 'audit', 'halts'];

describe('the matrix of permissions', () => {
  it.each([...STRANGERS, null])('holds for %s, who may not know of the other system', async (person) => {
    const before = await rowsOf(db, FOREIGN);
    for (const name of ROUTE_NAMES) await checkRoute(name, person);
    const after = await rowsOf(db, FOREIGN);
    for (const table of MADE_BY_US) delete before[table];
    expect(after).toMatchObject(before);
  });

  it.each(['viewer.of.both', 'of.everything'])('holds for %s', async (person) => {
    for (const name of ROUTE_NAMES) await checkRoute(name, person);
  });

  it('asks validly: who may do everything meets no refusal but the state of things', async () => {
    const refused: unknown[] = [];
    for (const name of ROUTE_NAMES.filter((each) => !WRONG_ON_PURPOSE.has(each))) {
      const { status, code } = await ask(name, 'of.everything', about(own, 'of.everything'));
      if (status >= 300 && status !== 409 && code !== 'no-client') refused.push([name, status, code]);
    }
    expect(refused).toEqual([]);
  });

  /** What answers with something else than JSON is no route of the table. */
  const PAGES = [
    { route: EXPORT_ROUTE, pathOf: ({ sysCode }: SeededSystem) => `/problems/export.csv?sysCode=${sysCode}` },
    {
      route: CASE_PAGE_ROUTE,
      pathOf: ({ problemIds }: SeededSystem) => `/problems/${problemIds[5] ?? ''}/case-file.html`,
    },
  ];
  it.each([...PEOPLE.keys(), null])('holds for %s and what is no JSON', async (person) => {
    for (const { route, pathOf } of PAGES)
      for (const target of [own, foreign]) {
        const { sysCode } = target;
        const response = await fetch(`${test.address}${API_PREFIX}${pathOf(target)}`, {
          headers: person === null ? {} : { authorization: `Bearer ${tokens.get(person)}` },
        });
        const text = await response.text();
        const { access } = route.config;
        const want = expected({ access, method: route.method }, person, sysCode);
        const where = `${route.schema.operationId} by ${person ?? 'nobody signed in'} in ${sysCode}`;
        expect([where, outcome({ status: response.status, code: null, text }, want)]).toEqual([where, want]);
        const shown = text.includes(markOf(sysCode));
        expect([where, shown]).toEqual([where, want === 'let-in' && maySee(access, person, sysCode)]);
      }
  });

  it('lets nobody in by an address that no line names', async () => {
    const authorization = `Bearer ${tokens.get('viewer')}`;
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
      for (const path of ['/api/v1/nothing', '/api/v1/problems/1/2/3', '/nothing']) {
        const response = await fetch(`${test.address}${path}`, { method, headers: { authorization } });
        expect([method, path, response.status]).toEqual([method, path, 404]);
        await response.arrayBuffer();
      }
  });
});
