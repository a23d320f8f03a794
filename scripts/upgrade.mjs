/**
 * `npm run upgrade-check [-- --from COMMIT] [--seed N] [--times N]`: an installation of an earlier state of the project is
 * upgraded to this one under load, and one of this state is restarted server by server to a build with a newer database
 * and back, N times. Checkers then read all databases. Needs the history of the checkout; see docs/chaos.md.
 */
import { parseArgs } from 'node:util';
import { earlierBuild, nextBuild } from './builds.mjs';
import { chaos } from './chaos.mjs';
import { setup } from './setup.mjs';

/** The last state in which one server worked alone. */
const BEFORE = '5df584e';

process.on('SIGINT', () => {});
process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  const { values } = parseArgs({
    args,
    options: { from: { type: 'string' }, seed: { type: 'string' }, times: { type: 'string' } },
  });
  if (!(await setup())) return 1;
  const before = await earlierBuild(values.from ?? BEFORE);
  if (before === null) return 1;
  const seed = ['--seed', values.seed ?? '1'];
  const upgraded = await chaos(['--story', 'upgrade', '--before', before, ...seed]);
  const times = values.times === undefined ? [] : ['--times', values.times];
  const rolled = await chaos(['--story', 'rolling', '--next', nextBuild(), ...seed, ...times]);
  return upgraded.code === 0 && rolled.code === 0 ? 0 : 1;
}
