/** C7b: withdrawal shown as failed, still held, not paid (staged booking). Ends released, FAILED. */
import type { RepairDefinition } from '../shared/plan.ts';
import { correctStatus } from '../shared/planners.ts';
import { planC7b } from './plan.ts';

export const withdrawFailedStaged: RepairDefinition = {
  fixCode: 'withdrawFailedAccFixServiceImpl',
  scans: { type: 'withdraw', statuses: ['FAILED'] },
  planners: { C7b: planC7b, S2: correctStatus },
};
