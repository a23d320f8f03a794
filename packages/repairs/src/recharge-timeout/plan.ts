import { creditAccount, fail } from '../shared/planners.ts';

/** C5. A lost callback: the credit and SUCCESS in one transaction. */
export const planC5 = creditAccount;

/**
 * C6. The number is closed first. A payer who pays in the same moment meets the bank's own order of things:
 * paid or closed, never both; where it was paid, the next round sees C5.
 */
export const planC6 = fail;
