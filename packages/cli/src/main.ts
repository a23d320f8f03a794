/** The entry of the command: the process on one side, the program on the other. */
import { processWorld } from './context.ts';
import { runProgram } from './program.ts';

/** @returns the exit code; docs/cli.md tells what each one means. */
export function main(argv: readonly string[]): Promise<number> {
  return runProgram(argv, processWorld());
}
