/** C7a: withdrawal shown as failed, debited, not paid (one-shot booking). Ends reversed, FAILED. */
import type { RepairDefinition } from '../shared/plan.ts';
import { correctStatus } from '../shared/planners.ts';
import { planC7a } from './plan.ts';

export const withdrawFailed: RepairDefinition = {
  fixCode: 'withdrawFailedFixServiceImpl',
  scans: { type: 'withdraw', statuses: ['FAILED'] },
  planners: { C7a: planC7a, S2: correctStatus },
};
