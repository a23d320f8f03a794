/**
 * `npm run simulate -- [options]`: the payment repairs, the client and what they talk to, in virtual time, from a seed.
 * `--seed N` · `--seeds A..B` · `--minutes M` · `--mutant NAME` · `--mutants` (every mutant, at most 300 seeds each)
 * `--differential` (the simulated database against the real ones, see differential.mjs)
 */
import { join } from 'node:path';
import { differential } from './differential.mjs';
import { bin, ROOT, run } from './lib.mjs';
import { setup } from './setup.mjs';

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  if (!(await setup())) return 1;
  if (args.includes('--differential')) return differential(args);
  if ((await run(process.execPath, [bin('tsc'), '-b', 'test/simulation'])) !== 0) return 1;
  const entry = args.includes('--mutants') ? 'mutants-main.js' : 'main.js';
  const rest = args.filter((arg) => arg !== '--mutants');
  return run(process.execPath, [join(ROOT, 'test', 'simulation', 'dist', entry), ...rest], {
    output: 'stdout',
  });
}
