import type { Planner } from '../shared/plan.ts';
import { sendAgain } from '../shared/planners.ts';

/**
 * C3. Back to PROCESSING, then the same number with the same content again. A number that the bank made final
 * cannot pay any more; a new one is a person's decision, with the stored proof in hand.
 */
export const planC3: Planner = (situation) => sendAgain(situation, 'set-back');
