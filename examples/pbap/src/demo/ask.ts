import { createInterface } from 'node:readline/promises';
import { DemoError } from './demo-error.ts';

/** Asks a question that only an explicit yes answers. @throws DemoError where nobody can answer. */
export async function askYes(
  question: string,
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
): Promise<boolean> {
  if (!input.isTTY) throw new DemoError(`${question} Nobody is here to answer; add --yes.`);
  const asking = createInterface({ input, output });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `)).trim());
  } finally {
    asking.close();
  }
}
