/**
 * `npm run simulate -- --differential [--minutes M] [--seed N]`: random calls of the store, the same on the simulated
 * database, on PostgreSQL and on the embedded one, for as long as is asked for. Prints how many, or what differs.
 */
import { bin, run } from './lib.mjs';
import { postgresForTests } from './postgres.mjs';

const MINUTES = 5;

export async function differential(args) {
  const database = await postgresForTests();
  if (database === null) return 1;
  const given = (name) => {
    const place = args.indexOf(name);
    return place === -1 ? undefined : args[place + 1];
  };
  const seed = given('--seed');
  try {
    const env = {
      TEST_DATABASE_URL: database.url,
      DIFFERENTIAL_MINUTES: given('--minutes') ?? String(MINUTES),
      ...(seed === undefined ? {} : { DIFFERENTIAL_SEED: seed }),
    };
    const only = ['run', 'test/simulation/differential', '-t', 'answers alike'];
    return await run(process.execPath, [bin('vitest'), ...only], { env, output: 'stdout' });
  } finally {
    await database.stop();
  }
}
