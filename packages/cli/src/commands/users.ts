/** Users; and the forgotten administrator's password, on the server's own machine. */
import type { ApiClient, GrantedUser } from '@piculus/protocol/http';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts';
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
    .description('create a user; the password is asked for, or read from PICULUS_PASSWORD or stdin')
    .argument('<username>', 'small letters, digits, . _ -')
    .option('--name <text>', 'name for people')
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
    .command('reset-admin-password')
    .description(
      "give the administrator a new one-time password; on the server's machine, straight to its database",
    )
    .action(act(resetPassword));
}

async function createUser(context: CliContext, command: Command): Promise<ExitCode> {
  const username = command.args[0] ?? '';
  const name = command.opts<{ name?: string }>().name ?? username;
  const api = await context.api();
  const password =
    context.config.password ??
    (await context.world.person.secret(`password for ${username} (at least 12 characters)`));
  const user = await api.createUser({ body: { username, name, password } });
  context.out.result(user, () => `user ${user.username} is created`);
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

const COLUMNS: readonly Column<GrantedUser>[] = [
  { title: 'user', value: ({ username }) => username },
  { title: 'name', value: ({ name }) => name },
  {
    title: 'roles',
    value: ({ grants }) =>
      grants.map(({ role, sysCode }) => `${role} (${sysCode ?? 'all systems'})`).join(', ') || 'none',
  },
  { title: 'enabled', value: ({ enabled }) => (enabled ? 'yes' : 'no') },
  { title: 'since', value: ({ createdAt }) => createdAt },
];
