/** Questions to the person at the terminal. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { usageError } from './exit-codes.ts';

/** Where answers come from; tests put their own in place of the process's. */
export interface Person {
  readonly isTerminal: boolean;
  /** @returns whether the answer was yes. */
  confirm(question: string): Promise<boolean>;
  /** Reads one line without showing it. Without a terminal: the first line of stdin. */
  secret(question: string): Promise<string>;
}

export function personAtProcess(): Person {
  const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  return {
    isTerminal,
    confirm: async (question) => /^(y|yes|是)$/i.test((await readLine(`${question} [y/N] `, false)).trim()),
    secret: (question) => readLine(`${question}: `, true),
  };
}

/** Reads from stdin and asks on stderr, so that stdout holds nothing but the result. */
async function readLine(question: string, hidden: boolean): Promise<string> {
  const terminal = process.stdin.isTTY === true;
  // What is typed is echoed by readline through this stream; a secret is simply not passed on.
  const echo = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!hidden) process.stderr.write(chunk);
      done();
    },
  });
  if (terminal) process.stderr.write(question);
  const lines = createInterface({ input: process.stdin, output: terminal ? echo : undefined, terminal });
  try {
    for await (const line of lines) return line;
    throw usageError('nothing was entered');
  } finally {
    lines.close();
    if (terminal && hidden) process.stderr.write('\n');
  }
}
