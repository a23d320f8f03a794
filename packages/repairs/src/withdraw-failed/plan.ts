import { giveBack } from '../shared/planners.ts';

/** C7a. The number is made final, then that very debit is reversed, once, whoever asks for it. */
export const planC7a = giveBack;
