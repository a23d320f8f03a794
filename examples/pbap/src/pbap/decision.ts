import type { Decision } from '@piculus/repairs';

const DECISIONS: readonly Decision[] = [
  'CREDIT',
  'REFUND_PAYER',
  'RESUBMIT',
  'RETURN_TO_ACCOUNT',
  'SETTLE',
  'FAIL',
  'STATUS',
];

/** @throws RangeError for a word that no version of this program has stored. */
export function asDecision(word: string): Decision {
  const found = DECISIONS.find((decision) => decision === word);
  if (found === undefined) throw new RangeError(`"${word}" is not a decision`);
  return found;
}
