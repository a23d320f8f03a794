/** Who may do what: users, roles, tokens, systems and their keys; and saved views. */
import { randomBytes } from 'node:crypto';
import type { GrantedUser } from '@piculus/protocol/http';
import { createPerson } from '../support/people.ts';
import { type Act, newCode, REASON } from './act.ts';
import { SYSTEM, type World } from './world.ts';

const newName = (): string => `made-${randomBytes(6).toString('hex')}`;
const VIEWER = [{ role: 'viewer', sysCode: null }];
const ROLE = { verbs: ['view' as const], description: REASON };

function makeUser({ requester }: World): Promise<GrantedUser> {
  const password = `once: ${randomBytes(12).toString('hex')}`;
  const username = newName();
  return requester.createUser({ body: { username, name: username, password, grants: VIEWER } });
}

const OF_USERS: readonly Act[] = [
  {
    name: 'a user is made',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.users',
    act: 'user-created',
    prepare: async (world) => () => makeUser(world),
  },
  {
    name: 'a user is disabled',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.users WHERE banned',
    act: 'user-disabled',
    async prepare(world) {
      const { id } = await makeUser(world);
      return () => world.requester.setUserEnabled({ params: { id }, body: { enabled: false } });
    },
  },
  {
    name: 'what a user may do is changed',
    commit: 'act',
    done: `SELECT count(*) FROM piculus.grants WHERE sys_code = '${SYSTEM}'`,
    act: 'grants-changed',
    async prepare(world) {
      const { id, grants } = await makeUser(world);
      const after = [{ role: 'viewer', sysCode: SYSTEM }];
      return () => world.requester.setUserGrants({ params: { id }, body: { before: grants, grants: after } });
    },
  },
  {
    name: 'a password is reset',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.users WHERE one_time_password',
    act: 'password-reset',
    async prepare({ requester, address }) {
      const person = { username: newName(), password: `own: ${randomBytes(12).toString('hex')}` };
      const { user } = await createPerson(requester, address, person);
      return () => requester.resetUserPassword({ params: { id: user.id } });
    },
  },
];

const OF_ROLES: readonly Act[] = [
  {
    name: 'a role is made',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.roles',
    act: 'role-created',
    prepare:
      async ({ requester }) =>
      () =>
        requester.putRole({ params: { name: newCode() }, body: { ...ROLE, version: 0 } }),
  },
  {
    name: 'a role is changed',
    commit: 'act',
    done: 'SELECT sum(version) - count(*) FROM piculus.roles',
    act: 'role-changed',
    async prepare({ requester }) {
      const params = { name: newCode() };
      const { version } = await requester.putRole({ params, body: { ...ROLE, version: 0 } });
      return () => requester.putRole({ params, body: { ...ROLE, description: 'another', version } });
    },
  },
  {
    name: 'a role is removed',
    commit: 'act',
    done: 'SELECT -count(*) FROM piculus.roles',
    act: 'role-deleted',
    async prepare({ requester }) {
      const params = { name: newCode() };
      await requester.putRole({ params, body: { ...ROLE, version: 0 } });
      return () => requester.deleteRole({ params });
    },
  },
];

const OF_TOKENS: readonly Act[] = [
  {
    name: 'a token is made',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.api_tokens',
    act: 'token-created',
    prepare:
      async ({ requester }) =>
      () =>
        requester.createToken({ body: { name: newName(), verbs: ['view'] } }),
  },
  {
    name: 'a token is revoked',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.api_tokens WHERE revoked_at IS NOT NULL',
    act: 'token-revoked',
    async prepare({ requester }) {
      const { info } = await requester.createToken({ body: { name: newName(), verbs: ['view'] } });
      return () => requester.revokeToken({ params: { id: info.id } });
    },
  },
];

const OF_SYSTEMS: readonly Act[] = [
  {
    name: 'a system is registered',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.systems s WHERE EXISTS (SELECT FROM piculus.system_keys k WHERE k.sys_code = s.sys_code)',
    act: 'create-system',
    prepare:
      async ({ requester }) =>
      () =>
        requester.createSystem({
          body: { sysCode: `S${randomBytes(6).toString('hex').toUpperCase()}`, name: REASON },
        }),
  },
  {
    name: 'a system is changed',
    commit: 'act',
    done: `SELECT length(name) FROM piculus.systems WHERE sys_code = '${SYSTEM}'`,
    act: 'change-system',
    async prepare({ requester }) {
      const { items } = await requester.listSystems();
      const name = `${items.find(({ sysCode }) => sysCode === SYSTEM)?.name}s`;
      return () => requester.changeSystem({ params: { sysCode: SYSTEM }, body: { name } });
    },
  },
  {
    name: 'a key of a system is made',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.system_keys',
    act: 'create-key',
    prepare:
      async ({ requester }) =>
      () =>
        requester.createSystemKey({ params: { sysCode: SYSTEM } }),
  },
  {
    name: 'a key of a system is revoked',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.system_keys WHERE revoked_at IS NOT NULL',
    act: 'revoke-key',
    async prepare({ requester }) {
      const { info } = await requester.createSystemKey({ params: { sysCode: SYSTEM } });
      return () => requester.revokeSystemKey({ params: { sysCode: SYSTEM, id: info.id } });
    },
  },
];

const OF_VIEWS: readonly Act[] = [
  {
    name: 'a view is saved',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.saved_views',
    act: null,
    prepare: async (world) => () => saveView(world),
  },
  {
    name: 'a view is deleted',
    commit: 'act',
    done: 'SELECT -count(*) FROM piculus.saved_views',
    act: null,
    async prepare(world) {
      const { id } = await saveView(world);
      return () => world.requester.deleteView({ params: { id } });
    },
  },
];

const saveView = ({ requester }: World) =>
  requester.createView({
    body: { page: 'problems', name: newName(), query: 'state=pending', shared: false },
  });

export const ACCESS: readonly Act[] = [...OF_USERS, ...OF_ROLES, ...OF_TOKENS, ...OF_SYSTEMS, ...OF_VIEWS];
