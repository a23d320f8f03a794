/** Tokens: what programs sign in with, in the name of a person. */
import { TOKEN_VERBS } from '@piculus/protocol';
import { type Token, TOKEN_DAYS_MAX } from '@piculus/protocol/http';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { list, wholeNumber } from '../options.ts';
import { tableOf } from '../output.ts';
import type { Registration } from '../registration.ts';
import type { Column } from '../text-table.ts';
import { readVerbs } from './roles.ts';

interface CreateOptions {
  readonly verbs: string[];
  readonly systems?: string[];
  readonly days: number;
}

export function addTokens({ program, act, world }: Registration): void {
  const tokens = program
    .command('tokens')
    .description('what programs sign in with, in your name and never with more than you may do');
  tokens
    .command('list')
    .description('your tokens, without their secrets')
    .option('--everybody', "everybody's, for administrators")
    .action(
      act(async (context, command) => {
        const { everybody = false } = command.opts<{ everybody?: boolean }>();
        const { items } = await (await context.api()).listTokens(everybody ? { query: { everybody } } : {});
        const columns = columnsAt(world.clock.now());
        context.out.result({ items }, () => tableOf(items, columns, 'no tokens'));
        return EXIT.ok;
      }),
    );
  tokens
    .command('create')
    .description('make a token; it is printed once, alone on stdout, and never again')
    .argument('<name>', 'what it is for')
    .requiredOption('--verbs <list>', TOKEN_VERBS.join(', '), list)
    .option('--systems <codes>', 'only these systems; all that you may use without it', list)
    .option('--days <number>', 'until it ends', wholeNumber(1, TOKEN_DAYS_MAX), 90)
    .action(act(createToken));
  tokens
    .command('revoke')
    .description('end a token at once')
    .argument('<id>', 'as "tokens list" shows it')
    .action(
      act(async (context, command) => {
        const id = command.args[0] ?? '';
        await (await context.api()).revokeToken({ params: { id } });
        context.out.result({ id }, () => `token ${id} is revoked`);
        return EXIT.ok;
      }),
    );
}

async function createToken(context: CliContext, command: Command): Promise<ExitCode> {
  const { verbs: given, systems = null, days } = command.opts<CreateOptions>();
  const verbs = readVerbs(given, TOKEN_VERBS);
  const api = await context.api();
  const made = await api.createToken({
    body: { name: command.args[0] ?? '', verbs, sysCodes: systems, days },
  });
  context.out.say(`token ${made.info.id} is made and ends ${made.info.expiresAt}; it is not shown again`);
  context.out.result(made, () => made.token);
  return EXIT.ok;
}

const columnsAt = (now: number): readonly Column<Token>[] => [
  { title: 'id', value: ({ id }) => id },
  { title: 'name', value: ({ name }) => name },
  { title: 'owner', value: ({ owner }) => owner },
  { title: 'begins with', value: ({ prefix }) => prefix },
  { title: 'may', value: ({ verbs }) => verbs.join(', ') },
  { title: 'in', value: ({ sysCodes }) => sysCodes?.join(', ') ?? 'all systems of its owner' },
  { title: 'last used', value: ({ lastUsedAt }) => lastUsedAt ?? 'never' },
  {
    title: 'ends',
    value: ({ expiresAt, revokedAt }) => {
      if (revokedAt !== null) return `revoked ${revokedAt}`;
      return Date.parse(expiresAt) <= now ? `ended ${expiresAt}` : expiresAt;
    },
  },
];
