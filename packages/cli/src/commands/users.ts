/** Users; and the forgotten administrator's password, on the server's own machine. */
import type { ApiClient, GrantedUser } from '@piculus/protocol/http';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { CliError, EXIT, type ExitCode, usageError } from '../exit-codes.ts';
import { type GivenGrant, grant } from '../options.ts';
import { tableOf } from '../output.ts';
import type { Registration } from '../registration.ts';
import type { Column } from '../text-table.ts';
import { serverConfig } from './serve.ts';

export function addUsers({ program, act }: Registration): void {
  const users = program.command('users').description('users of this server');
  users
    .command('list')
    .description('all users')
    .action(
      act(async (context) => {
        const { items } = await (await context.api()).listUsers();
        context.out.result({ items }, () => tableOf(items, COLUMNS, 'no users'));
        return EXIT.ok;
      }),
    );
  users
    .command('create')
    .description(
      'create a user; their one-time password is asked for, or read from PICULUS_NEW_PASSWORD or stdin',
    )
    .argument('<username>', 'small letters, digits, . _ -')
    .option('--name <text>', 'name for people')
    .option(
      '--grant <role@system>',
      'what they may do: ROLE@SYSTEM, or ROLE for all systems; repeatable',
      grant,
    )
    .action(act(createUser));
  for (const enabled of [false, true]) {
    users
      .command(enabled ? 'enable' : 'disable')
      .description(enabled ? 'let a user sign in again' : 'end the sessions of a user and refuse new ones')
      .argument('<username>', 'user name')
      .action(
        act(async (context, command) => {
          const api = await context.api();
          const { id } = await findUser(api, command.args[0] ?? '');
          const user = await api.setUserEnabled({ params: { id }, body: { enabled } });
          context.out.result(user, () => `${user.username} is ${user.enabled ? 'enabled' : 'disabled'}`);
          return EXIT.ok;
        }),
      );
  }
  users
    .command('reset')
    .description('give a user a one-time password, shown once, and end their sessions')
    .argument('<username>', 'user name')
    .action(
      act(async (context, command) => {
        const api = await context.api();
        const { id } = await findUser(api, command.args[0] ?? '');
        const reset = await api.resetUserPassword({ params: { id } });
        context.out.say('the password below counts once and is not shown again');
        context.out.result(reset, () => `${reset.username}  ${reset.password}`);
        return EXIT.ok;
      }),
    );
  users
    .command('grants')
    .description('what a user may do; with --grant or --none, exactly that from now on')
    .argument('<username>', 'user name')
    .option('--grant <role@system>', 'ROLE@SYSTEM, or ROLE for all systems; repeatable', grant)
    .option('--none', 'nothing')
    .action(act(userGrants));
  users
    .command('reset-admin-password')
    .description(
      "give the administrator a new one-time password; on the server's machine, straight to its database",
    )
    .action(act(resetPassword));
}

async function createUser(context: CliContext, command: Command): Promise<ExitCode> {
  const username = command.args[0] ?? '';
  const { name = username, grant: grants = [] } = command.opts<{ name?: string; grant?: GivenGrant[] }>();
  const api = await context.api();
  const password =
    context.config.newPassword ??
    (await context.world.person.secret(`one-time password for ${username} (at least 12 characters)`));
  const user = await api.createUser({ body: { username, name, password, grants } });
  context.out.result(user, () => `user ${user.username} is created`);
  return EXIT.ok;
}

async function userGrants(context: CliContext, command: Command): Promise<ExitCode> {
  const { grant: given, none = false } = command.opts<{ grant?: GivenGrant[]; none?: boolean }>();
  if (none && given !== undefined) throw usageError('--grant or --none, not both');
  const api = await context.api();
  const found = await findUser(api, command.args[0] ?? '');
  const grants = none ? [] : given;
  const user =
    grants === undefined
      ? found
      : await api.setUserGrants({ params: { id: found.id }, body: { before: found.grants, grants } });
  context.out.result(user, () => `${user.username}: ${grantsOf(user)}`);
  return EXIT.ok;
}

async function findUser(api: ApiClient, username: string): Promise<GrantedUser> {
  const { items } = await api.listUsers();
  const found = items.find((user) => user.username === username);
  if (found === undefined) throw new CliError(EXIT.refused, 'not-found', `there is no user "${username}"`);
  return found;
}

async function resetPassword(context: CliContext): Promise<ExitCode> {
  const config = await serverConfig(context.world.environment);
  const { resetAdminPassword } = await import('@piculus/server');
  const reset = await resetAdminPassword(config);
  context.out.say('the sessions of this user are ended; the password below is shown once');
  context.out.result(reset, () => `${reset.username}  ${reset.password}`);
  return EXIT.ok;
}

function grantsOf({ grants }: GrantedUser): string {
  return grants.map(({ role, sysCode }) => `${role} (${sysCode ?? 'all systems'})`).join(', ') || 'none';
}

const COLUMNS: readonly Column<GrantedUser>[] = [
  { title: 'user', value: ({ username }) => username },
  { title: 'name', value: ({ name }) => name },
  {
    title: 'roles',
    value: grantsOf,
  },
  { title: 'enabled', value: ({ enabled }) => (enabled ? 'yes' : 'no') },
  { title: 'since', value: ({ createdAt }) => createdAt },
];
