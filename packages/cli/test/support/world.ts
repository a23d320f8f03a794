/** Runs the command line in this process with streams and a person of the test's own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import type { World } from '../../src/context.ts';
import { runProgram } from '../../src/program.ts';

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Answers to questions, in order; without them nobody sits at the terminal. */
  readonly answers?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Home {
  readonly folder: string;
  run(argv: readonly string[], options?: RunOptions): Promise<Ran>;
  remove(): Promise<void>;
}

/** A user of the command line, with a configuration folder of their own. */
export async function makeHome(environment: Readonly<Record<string, string>> = {}): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'piculus cli '));
  return {
    folder,
    run: (argv, options = {}) =>
      run(argv, { ...environment, XDG_CONFIG_HOME: folder, ...options.environment }, options.answers),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function run(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  answers: readonly string[] | undefined,
): Promise<Ran> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const left = [...(answers ?? [])];
  const next = (question: string): Promise<string> => {
    const answer = left.shift();
    return answer === undefined
      ? Promise.reject(new Error(`nobody answers "${question}"`))
      : Promise.resolve(answer);
  };
  const world: World = {
    environment,
    streams: {
      stdout: (text) => stdout.push(text),
      stderr: (text) => stderr.push(text),
      stderrIsTerminal: false,
    },
    person: {
      isTerminal: answers !== undefined,
      confirm: async (question) => {
        stderr.push(question);
        return (await next(question)) === 'y';
      },
      secret: next,
    },
    clock: systemClock,
  };
  const exitCode = await runProgram(argv, world);
  return { exitCode, stdout: stdout.join('\n'), stderr: stderr.join('\n') };
}
