/** Around all tests of a run: names the template that its databases are copied from, and drops it afterwards. */
import { randomBytes } from 'node:crypto';
import { dropTemplateOfRun, RUN_VARIABLE } from './database.ts';

export default function setup(): () => Promise<void> {
  const run = randomBytes(6).toString('hex');
  // The workers inherit it.
  process.env[RUN_VARIABLE] = run;
  return () => dropTemplateOfRun(run);
}
