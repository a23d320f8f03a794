import { creditAccount } from '../shared/planners.ts';

/** C1. The bank has the money and the order says so; the one thing missing is the credit. */
export const planC1 = creditAccount;
