import type { Planner } from '../shared/plan.ts';
import { sendAgain } from '../shared/planners.ts';

/**
 * C2. The status is made true first: back to PROCESSING together with the debit or hold, which fails as a whole
 * where the account has too little. Only then the payout goes out, under its original number.
 */
export const planC2: Planner = (situation) => sendAgain(situation, 'reserve');
