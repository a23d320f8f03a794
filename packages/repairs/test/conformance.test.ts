import { describe, it } from 'vitest';
import { conformanceChecks } from '../src/conformance/index.ts';
import { HONEST } from './world/bank.ts';
import { memoryWorld } from './world/memory-world.ts';

const BANKS = {
  'a bank that settles at once': HONEST,
  'a bank that settles later': { ...HONEST, settles: 'later' },
  'a bank whose queries lag behind': { ...HONEST, settles: 'later', blindQueries: 3 },
} as const;

describe.each(Object.entries(BANKS))('conformance in memory, %s', (_name, manners) => {
  for (const { name, run } of conformanceChecks(() => memoryWorld(manners))) it(name, run);
});
