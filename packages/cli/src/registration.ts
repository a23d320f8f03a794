/** How a command joins the command line. */
import type { Command } from 'commander';
import type { CliContext, World } from './context.ts';
import type { ExitCode } from './exit-codes.ts';

/** What a command needs to register itself; `act` gives it its context and keeps its exit code. */
export interface Registration {
  readonly program: Command;
  readonly world: World;
  readonly act: (
    run: (context: CliContext, command: Command) => Promise<ExitCode>,
  ) => (...args: unknown[]) => Promise<void>;
}
