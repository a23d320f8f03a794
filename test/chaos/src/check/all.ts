import { EFFECT_CHECKS } from './effects.ts';
import { MONEY_CHECKS } from './money.ts';
import { SERVER_CHECKS } from './server.ts';
import type { Check, Found, Sources } from './sources.ts';
import { WITNESS_CHECKS } from './witnessed.ts';

export const CHECKS: readonly Check[] = [
  ...MONEY_CHECKS,
  ...EFFECT_CHECKS,
  ...SERVER_CHECKS,
  ...WITNESS_CHECKS,
];

export interface Checked extends Found {
  readonly name: string;
}

/** Runs all, or those that must hold at any moment. */
export async function runChecks(sources: Sources, when: 'safety' | 'all'): Promise<Checked[]> {
  const checked: Checked[] = [];
  for (const check of CHECKS) {
    if (when === 'safety' && check.when !== 'safety') continue;
    checked.push({ name: check.name, ...(await check.run(sources)) });
  }
  return checked;
}
