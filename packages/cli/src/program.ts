/** The whole command line, put together from its commands. */
import { Command, CommanderError } from 'commander';
import { addApprovals, addPolicy } from './commands/approvals.ts';
import { addAudit } from './commands/audit.ts';
import { addCollect } from './commands/collect.ts';
import { addDoctor } from './commands/doctor.ts';
import { addFix } from './commands/fix.ts';
import { addKeys } from './commands/keys.ts';
import { addLogin } from './commands/login.ts';
import { addMigrate } from './commands/migrate.ts';
import { addNodes } from './commands/nodes.ts';
import { addNats } from './commands/nats.ts';
import { addProblems } from './commands/problems.ts';
import { addServe } from './commands/serve.ts';
import { addSolutions } from './commands/solutions.ts';
import { addStop } from './commands/stop.ts';
import { addRoles } from './commands/roles.ts';
import { addSystems } from './commands/systems.ts';
import { addTokens } from './commands/tokens.ts';
import { addUsers } from './commands/users.ts';
import { createContext, type GlobalOptions, type World } from './context.ts';
import { asCliError, EXIT, type ExitCode, usageError } from './exit-codes.ts';
import { httpUrl } from './options.ts';
import { createOutput } from './output.ts';
import type { Registration } from './registration.ts';
import { VERSION } from './version.ts';

/** @returns the exit code; never throws and never ends the process. */
export async function runProgram(argv: readonly string[], world: World): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
  const program = new Command('piculus')
    .description('Finds and repairs broken payments.')
    .version(VERSION)
    .option('--json', 'print one JSON value on stdout; messages go to stderr')
    .option(
      '--url <address>',
      'where the server is (PICULUS_URL, then the last sign-in, then http://127.0.0.1:7070)',
      httpUrl,
    )
    .option('--token <token>', 'act by this token (PICULUS_TOKEN, which others on the machine cannot see)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.streams.stdout(text.trimEnd()),
      writeErr: (text) => world.streams.stderr(text.trimEnd()),
      outputError: () => undefined,
    })
    .showSuggestionAfterError();
  const act: Registration['act'] =
    (run) =>
    async (...args) => {
      const command = args.at(-1);
      if (!(command instanceof Command)) throw new TypeError('commander gives the command last');
      exit = await run(createContext(world, command.optsWithGlobals<GlobalOptions>()), command);
    };
  for (const add of COMMANDS) add({ program, world, act });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    // A command without its sub-command: the help was printed, and says more than an error could.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
    const told =
      error instanceof CommanderError
        ? usageError(error.message.replace(/^error: /, '').replaceAll('\n', ' '), ['see: piculus --help'])
        : asCliError(error);
    createOutput(world.streams, argv.includes('--json')).fail(told);
    return told.exitCode;
  }
}

const COMMANDS: ReadonlyArray<(registration: Registration) => void> = [
  addServe,
  addMigrate,
  addNats,
  addLogin,
  addCollect,
  addStop,
  addProblems,
  addFix,
  addSolutions,
  addSystems,
  addKeys,
  addUsers,
  addRoles,
  addTokens,
  addApprovals,
  addPolicy,
  addAudit,
  addNodes,
  addDoctor,
];
