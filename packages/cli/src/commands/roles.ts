/** Roles: named sets of what somebody may do. */
import { type Verb, VERBS } from '@piculus/protocol';
import type { Role } from '@piculus/protocol/http';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode, usageError } from '../exit-codes.ts';
import { list } from '../options.ts';
import { tableOf } from '../output.ts';
import type { Registration } from '../registration.ts';
import type { Column } from '../text-table.ts';

export function addRoles({ program, act }: Registration): void {
  const roles = program.command('roles').description('named sets of what somebody may do');
  roles
    .command('list')
    .description('all roles')
    .action(
      act(async (context) => {
        const { items } = await (await context.api()).listRoles();
        context.out.result({ items }, () => tableOf(items, COLUMNS, 'no roles'));
        return EXIT.ok;
      }),
    );
  roles
    .command('set')
    .description('make a role, or change it at once for everybody who holds it')
    .argument('<name>', 'name of the role')
    .requiredOption('--verbs <list>', VERBS.join(', '), list)
    .option('--description <text>', 'what it is for')
    .action(act(setRole));
  roles
    .command('delete')
    .description('delete a role that nobody holds')
    .argument('<name>', 'name of the role')
    .action(
      act(async (context, command) => {
        const name = command.args[0] ?? '';
        await (await context.api()).deleteRole({ params: { name } });
        context.out.result({ name }, () => `role ${name} is deleted`);
        return EXIT.ok;
      }),
    );
}

async function setRole(context: CliContext, command: Command): Promise<ExitCode> {
  const name = command.args[0] ?? '';
  const { verbs: given, description } = command.opts<{ verbs: string[]; description?: string }>();
  const verbs = readVerbs(given, VERBS);
  const api = await context.api();
  const old = (await api.listRoles()).items.find((role) => role.name === name);
  const role = await api.putRole({
    params: { name },
    body: { verbs, description: description ?? old?.description ?? '', version: old?.version ?? 0 },
  });
  context.out.result(role, () => `role ${role.name}: ${role.verbs.join(', ')}`);
  return EXIT.ok;
}

/** @throws CliError that names the word which is no verb. */
export function readVerbs<V extends Verb>(given: readonly string[], allowed: readonly V[]): V[] {
  const unknown = given.find((word) => !allowed.some((verb) => verb === word));
  if (unknown !== undefined) throw usageError(`--verbs: "${unknown}" is none of ${allowed.join(', ')}`);
  return allowed.filter((verb) => given.includes(verb));
}

const COLUMNS: readonly Column<Role>[] = [
  { title: 'role', value: ({ name }) => name },
  { title: 'may', value: ({ verbs }) => verbs.join(', ') },
  { title: 'people', value: ({ people }) => String(people), align: 'right' },
  { title: 'description', value: ({ description }) => description },
];
