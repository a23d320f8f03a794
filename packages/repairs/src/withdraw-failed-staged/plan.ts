import { giveBack } from '../shared/planners.ts';

/** C7b. The number is made final, then the hold is released; a settlement of it is excluded by the same key. */
export const planC7b = giveBack;
