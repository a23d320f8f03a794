/**
 * `npm run simulate -- --differential [--minutes M] [--sequences N] [--seed N]`: random calls of the store, the same on the simulated
 * database, on PostgreSQL and on the embedded one, for as long or as often as is asked for. Prints how many, or what
 * differs.
 */
import { bin, run } from './lib.mjs';
import { postgresForTests } from './postgres.mjs';

const MINUTES = 5;
/** Where a number is asked for and no time. */
const MINUTES_MAX = 24 * 60;

export async function differential(args) {
  const database = await postgresForTests();
  if (database === null) return 1;
  const given = (name) => {
    const place = args.indexOf(name);
    return place === -1 ? undefined : args[place + 1];
  };
  const [seed, sequences] = [given('--seed'), given('--sequences')];
  try {
    const env = {
      TEST_DATABASE_URL: database.url,
      DIFFERENTIAL_MINUTES: given('--minutes') ?? String(sequences === undefined ? MINUTES : MINUTES_MAX),
      ...(sequences === undefined ? {} : { DIFFERENTIAL_SEQUENCES: sequences }),
      ...(seed === undefined ? {} : { DIFFERENTIAL_SEED: seed }),
    };
    const only = ['run', 'test/simulation/differential', '-t', 'answers alike'];
    return await run(process.execPath, [bin('vitest'), ...only], { env, output: 'stdout' });
  } finally {
    await database.stop();
  }
}
