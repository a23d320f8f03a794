/** docs/cli.md tells the exit codes, variables, commands and filters that there are. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../packages/cli/src/clock.ts';
import { EXIT } from '../../packages/cli/src/exit-codes.ts';
import { addFilterOptions } from '../../packages/cli/src/problem-filter.ts';
import { runProgram } from '../../packages/cli/src/program.ts';

const text = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
const config = readFileSync(new URL('../../packages/server/src/config.ts', import.meta.url), 'utf8');

async function help(...argv: string[]): Promise<string> {
  const out: string[] = [];
  const streams = {
    stdout: (line: string) => out.push(line),
    stderr: () => undefined,
    stderrIsTerminal: false,
  };
  const nobody = { isTerminal: false, confirm: async () => false, secret: async () => '' };
  await runProgram([...argv, '--help'], { environment: {}, streams, person: nobody, clock: systemClock });
  return out.join('\n');
}

const commandsIn = (usage: string): string[] =>
  [...(usage.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z][a-z-]*)/gm)]
    .map((match) => match[1] ?? '')
    .filter((name) => name !== 'help');

describe('docs/cli.md', () => {
  it('lists every exit code, in order', () => {
    const listed = [...text.matchAll(/^\| (\d) \|/gm)].map((match) => Number(match[1]));
    expect(listed).toEqual(Object.values(EXIT).sort());
  });

  it('tells every variable of the server', () => {
    const variables = new Set([...config.matchAll(/PICULUS_[A-Z_]+/g)].map((match) => match[0]));
    expect(variables.size).toBeGreaterThan(5);
    for (const variable of variables) expect(text).toContain(`\`${variable}\``);
  });

  it('tells every command and every sub-command', async () => {
    const commands = commandsIn(await help());
    expect(commands.length).toBeGreaterThan(8);
    for (const command of commands) {
      expect(text).toContain(`piculus ${command}`);
      for (const inner of commandsIn(await help(command))) expect(text).toContain(`${command} ${inner}`);
    }
  });

  it('tells every filter', () => {
    for (const { long } of addFilterOptions(new Command(), () => 0).options)
      expect(text).toContain(`\`${long}\``);
  });
});
