/** What is wrong with this installation, in plain words. */
import type { ServerConfig } from '@piculus/server';
import type { CliContext } from '../context.ts';
import { type Finding, note, wrong } from '../doctor/finding.ts';
import { checkNode, checkPort } from '../doctor/machine.ts';
import { checkServer, checkSetup } from '../doctor/server.ts';
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts';
import type { Registration } from '../registration.ts';
import { printable } from '../text-table.ts';
import { serverConfig } from './serve.ts';

export function addDoctor({ program, act }: Registration): void {
  program
    .command('doctor')
    .description('say what is wrong with this installation; reads the same environment as the server')
    .option('--remote', 'look at the server at --url only, not at this machine')
    .action(
      act(async (context, command) => examine(context, command.opts<{ remote?: boolean }>().remote === true)),
    );
}

async function examine(context: CliContext, remote: boolean): Promise<ExitCode> {
  const { clock } = context.world;
  const findings: Finding[] = [checkNode(process.version)];
  const config = remote ? null : await configOrFinding(context, findings);
  const server = await checkServer(await context.serverUrl(), clock);
  if (config !== null) {
    const { checkDatabase } = await import('../doctor/database.ts');
    findings.push(...(await checkDatabase(config, clock)), await checkPort(config, server.answers));
  }
  findings.push(...server.findings);
  if (server.answers) findings.push(...(await setup(context)));
  const bad = findings.filter(({ verdict }) => verdict === 'wrong').length;
  const warnings = findings.filter(({ verdict }) => verdict === 'warning').length;
  context.out.result({ wrong: bad, warnings, findings }, () =>
    [
      ...findings.map(line),
      '',
      bad + warnings === 0 ? 'nothing is wrong' : `${bad} wrong, ${warnings} to look at`,
    ].join('\n'),
  );
  return bad === 0 ? EXIT.ok : EXIT.failure;
}

async function configOrFinding(context: CliContext, findings: Finding[]): Promise<ServerConfig | null> {
  try {
    return await serverConfig(context.world.environment);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    for (const detail of error.details)
      findings.push(wrong('configuration', detail, 'correct the environment'));
    return null;
  }
}

async function setup(context: CliContext): Promise<Finding[]> {
  try {
    return await checkSetup(await context.api());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [note('setup', `systems, keys, clients and solutions were not looked at: ${why}`)];
  }
}

const MARKS = { good: 'ok     ', note: 'note   ', warning: 'warning', wrong: 'WRONG  ' } as const;

function line({ verdict, text, advice }: Finding): string {
  return `${MARKS[verdict]} ${printable(text)}${advice === undefined ? '' : `\n        -> ${printable(advice)}`}`;
}
