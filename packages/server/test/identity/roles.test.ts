/** Roles and grants over HTTP, on a real server. */
import { BUILT_IN_ROLES, VERBS } from '@piculus/protocol';
import { type ApiClient, createApiClient, type GrantedUser, type RoleGrant } from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPerson } from '../../../../test/support/people.ts';
import { startTestServer, type TestServer } from '../server/support.ts';

const PASSWORD = 'a horse of another colour';
let test: TestServer;
let people = 0;

beforeAll(async () => {
  test = await startTestServer();
  for (const sysCode of ['PBAP', 'PBMS']) await test.api.createSystem({ body: { sysCode, name: sysCode } });
});
afterAll(() => test.stop());

interface Person {
  readonly user: GrantedUser;
  readonly token: string;
  readonly api: ApiClient;
}

async function personWith(...grants: RoleGrant[]): Promise<Person> {
  people += 1;
  const username = `person-${people}`;
  const made = await createPerson(test.api, test.address, { username, password: PASSWORD, grants });
  return { ...made, api: createApiClient({ baseUrl: test.address, token: made.token }) };
}
const give = (user: GrantedUser, before: readonly RoleGrant[], grants: readonly RoleGrant[]) =>
  test.api.setUserGrants({
    params: { id: user.id },
    body: { before: [...before], grants: [...grants] },
  });

const VIEWER: RoleGrant = { role: 'viewer', sysCode: 'PBAP' };
const EVERYTHING: RoleGrant = { role: 'administrator', sysCode: null };

describe('grants', () => {
  it('let the first user do everything, and one without any nothing', async () => {
    const me = await test.api.getMe();
    expect(me.grants).toEqual([EVERYTHING]);
    expect(me.access).toEqual(Object.fromEntries(VERBS.map((verb) => [verb, 'all'])));
    const { api } = await personWith();
    expect(await api.getMe()).toMatchObject({ grants: [], access: { view: [], administer: [] } });
    await expect(api.listProblems()).rejects.toMatchObject({ code: 'not-allowed' });
    await expect(api.listUsers()).rejects.toMatchObject({ code: 'not-allowed' });
  });

  it('count at the next request, and narrow as they widen', async () => {
    const { user, api } = await personWith();
    await give(user, [], [VIEWER]);
    expect((await api.getMe()).access.view).toEqual(['PBAP']);
    expect((await api.listSystems()).items.map(({ sysCode }) => sysCode)).toEqual(['PBAP']);
    await give(user, [VIEWER], [VIEWER, { role: 'operator', sysCode: 'PBMS' }]);
    expect((await api.getMe()).access).toMatchObject({ view: ['PBAP', 'PBMS'], execute: ['PBMS'] });
    await give(user, [{ role: 'operator', sysCode: 'PBMS' }, VIEWER], []);
    await expect(api.listSystems()).rejects.toMatchObject({ code: 'not-allowed' });
  });

  it('are not overwritten by who read others', async () => {
    const { user } = await personWith(VIEWER);
    await expect(give(user, [], [])).rejects.toMatchObject({ code: 'wrong-state' });
    await expect(give(user, [{ ...VIEWER, sysCode: null }], [])).rejects.toMatchObject({
      code: 'wrong-state',
    });
    expect((await give(user, [VIEWER, VIEWER], [VIEWER, VIEWER])).grants).toEqual([VIEWER]);
  });

  it('name roles and systems that there are', async () => {
    const { user } = await personWith();
    const wrong = give(
      user,
      [],
      [
        { role: 'nobody', sysCode: null },
        { role: 'viewer', sysCode: 'NOWHERE' },
      ],
    );
    await expect(wrong).rejects.toMatchObject({
      code: 'invalid-field',
      fields: [{ field: 'grants' }, { field: 'grants' }],
    });
    expect((await test.api.listUsers()).items.find(({ id }) => id === user.id)?.grants).toEqual([]);
  });

  it('are given by nobody who administers one system alone', async () => {
    const { user, api } = await personWith({ role: 'administrator', sysCode: 'PBAP' });
    const id = user.id;
    const body = { before: user.grants, grants: [EVERYTHING] };
    await expect(api.setUserGrants({ params: { id }, body })).rejects.toMatchObject({ code: 'not-allowed' });
    await expect(
      api.putRole({ params: { name: 'mine' }, body: { verbs: ['approve'], version: 0 } }),
    ).rejects.toMatchObject({ code: 'not-allowed' });
  });

  it('are told by acts, with what was before', async () => {
    const { user } = await personWith(VIEWER);
    await give(user, [VIEWER], []);
    const [act] = (await test.api.listAudit({ query: { act: ['grants-changed'] } })).items;
    expect(act).toMatchObject({
      actor: 'admin',
      target: `user:${user.username}`,
      before: { grants: [VIEWER] },
      after: { grants: [] },
    });
  });

  it('narrow a stream that is open, before the change is answered', async () => {
    const { user, token } = await personWith(VIEWER, { role: 'viewer', sysCode: 'PBMS' });
    const end = new AbortController();
    const response = await fetch(`${test.address}/api/v1/events`, {
      headers: { authorization: `Bearer ${token}` },
      signal: end.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (part: string): Promise<void> => {
      while (!text.includes(part)) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: '' };
        if (done) throw new Error(`the stream ended before ${part}`);
        text += value;
      }
    };
    await until('event: hello');
    await test.api.changeSystem({ params: { sysCode: 'PBMS' }, body: { name: 'seen' } });
    await until('"PBMS"');
    await give(user, user.grants, [VIEWER]);
    text = '';
    await test.api.changeSystem({ params: { sysCode: 'PBMS' }, body: { name: 'not seen' } });
    await test.api.changeSystem({ params: { sysCode: 'PBAP' }, body: { name: 'seen' } });
    await until('"PBAP"');
    expect(text).toContain('event: access');
    expect(text).not.toContain('PBMS');
    end.abort();
  });
});

describe('a stream of live events', () => {
  it.each([
    [
      'its reader is disabled',
      ({ user }: Person) => test.api.setUserEnabled({ params: { id: user.id }, body: { enabled: false } }),
    ],
    ['its session is ended', ({ user }: Person) => test.api.endUserSessions({ params: { id: user.id } })],
    [
      'its reader signs out',
      ({ token }: Person) =>
        fetch(`${test.address}/api/auth/sign-out`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}` },
        }),
    ],
  ])('ends when %s', async (_why, end) => {
    const person = await personWith(VIEWER);
    const headers = { authorization: `Bearer ${person.token}` };
    const response = await fetch(`${test.address}/api/v1/events`, { headers });
    await end(person);
    // Without an end it would never come to this.
    expect(await response.text()).toContain('event: hello');
  });
});

describe('roles', () => {
  it('begin with the built-in ones', async () => {
    const { items } = await test.api.listRoles();
    const builtIn = items.filter((role) => role.builtIn);
    expect(builtIn.map(({ name, verbs }) => [name, verbs])).toEqual(
      Object.entries(BUILT_IN_ROLES).map(([name, verbs]) => [name, [...verbs]]),
    );
    expect(items.filter(({ editable }) => !editable).map(({ name }) => name)).toEqual(['administrator']);
  });

  it('are made, changed for all who hold them at once, and deleted when nobody does', async () => {
    const params = { name: '夜班 1' };
    const made = await test.api.putRole({ params, body: { verbs: ['collect', 'view'], version: 0 } });
    expect(made).toMatchObject({ verbs: ['view', 'collect'], version: 1, people: 0, changedBy: 'admin' });
    const grant = { role: params.name, sysCode: 'PBAP' };
    const { user, api } = await personWith(grant);
    expect((await api.getMe()).access).toMatchObject({ collect: ['PBAP'], execute: [] });
    const changed = await test.api.putRole({ params, body: { verbs: ['view', 'execute'], version: 1 } });
    expect(changed).toMatchObject({ version: 2, people: 1 });
    expect((await api.getMe()).access).toMatchObject({ collect: [], execute: ['PBAP'] });
    const stale = test.api.putRole({ params, body: { verbs: ['view'], version: 1 } });
    await expect(stale).rejects.toMatchObject({ code: 'wrong-state' });
    await expect(test.api.deleteRole({ params })).rejects.toMatchObject({ code: 'wrong-state' });
    await give(user, [grant], []);
    await test.api.deleteRole({ params });
    await expect(test.api.deleteRole({ params })).rejects.toMatchObject({ code: 'not-found' });
  });

  it.each(['Viewer', 'VIEWER', 'viewer'])('have names of their own: %s is taken', async (name) => {
    await expect(
      test.api.putRole({ params: { name }, body: { verbs: ['view'], version: 0 } }),
    ).rejects.toMatchObject({ code: 'already-exists' });
  });

  it.each(['', ' x', 'x ', '../x', 'a/b', '<b>', 'x'.repeat(25), '\u202eabc', 'a\u0000'])(
    'are not called %j',
    async (name) => {
      const response = await fetch(`${test.address}/api/v1/roles/${encodeURIComponent(name)}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${test.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ verbs: ['view'], version: 0 }),
      });
      expect([400, 404, 422]).toContain(response.status);
    },
  );

  it('keep the administrator as it is, and the built-in ones', async () => {
    const params = { name: 'administrator' };
    await expect(test.api.putRole({ params, body: { verbs: ['view'], version: 1 } })).rejects.toMatchObject({
      code: 'wrong-state',
    });
    for (const name of Object.keys(BUILT_IN_ROLES))
      await expect(test.api.deleteRole({ params: { name } })).rejects.toMatchObject({ code: 'wrong-state' });
  });
});

describe('somebody who can administer everything', () => {
  it('is always left, whatever is taken away and by how many at once', async () => {
    const role = 'second in charge';
    await test.api.putRole({ params: { name: role }, body: { verbs: ['view', 'administer'], version: 0 } });
    const grant = { role, sysCode: null };
    const all = await Promise.all([personWith(grant), personWith(grant), personWith(grant)]);
    const me = await test.api.getMe();
    // Each takes everything from everybody by all three ways, the others and themselves, all at once.
    const tries = all.flatMap(({ api }) => [
      () => api.setUserEnabled({ params: { id: me.id }, body: { enabled: false } }),
      () => api.putRole({ params: { name: role }, body: { verbs: ['view'], version: 1 } }),
      ...all.flatMap(({ user }) => [
        () => api.setUserEnabled({ params: { id: user.id }, body: { enabled: false } }),
        () => api.setUserGrants({ params: { id: user.id }, body: { before: [grant], grants: [] } }),
      ]),
    ]);
    const ended = await Promise.allSettled(tries.map((attempt) => attempt()));
    const codes = ended.map((one) => (one.status === 'fulfilled' ? 'done' : one.reason.code));
    expect(codes).toContain('done');
    for (const code of codes) expect(['done', 'wrong-state', 'not-allowed', 'not-signed-in']).toContain(code);
    const apis = [test.api, ...all.map(({ api }) => api)];
    const able = await Promise.allSettled(apis.map((api) => api.listRoles()));
    const left = able.filter(({ status }) => status === 'fulfilled');
    expect(left.length).toBeGreaterThan(0);
  });

  it('is left by two who take it from each other at the same moment', async () => {
    const alone = await startTestServer();
    try {
      const both = await Promise.all(
        ['first', 'second'].map((username) =>
          createPerson(alone.api, alone.address, { username, password: PASSWORD }),
        ),
      );
      const [one, other] = both.map(({ user, token }) => ({
        id: user.id,
        api: createApiClient({ baseUrl: alone.address, token }),
      }));
      if (one === undefined || other === undefined) throw new Error('two were made');
      const take = (api: ApiClient, id: string) =>
        api.setUserGrants({ params: { id }, body: { before: [EVERYTHING], grants: [] } });
      await take(one.api, (await alone.api.getMe()).id);
      for (let round = 0; round < 5; round += 1) {
        const taken = await Promise.allSettled([take(one.api, other.id), take(other.api, one.id)]);
        const done = taken.map(({ status }) => status === 'fulfilled');
        expect([round, done.filter(Boolean).length]).toEqual([round, 1]);
        const [winner, loser] = done[0] === true ? [one, other] : [other, one];
        await winner.api.setUserGrants({
          params: { id: loser.id },
          body: { before: [], grants: [EVERYTHING] },
        });
      }
    } finally {
      await alone.stop();
    }
  });
});
