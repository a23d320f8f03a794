/** C2: withdrawal shown as success, neither debited nor paid. Ends debited or settled, paid, SUCCESS. */
import type { RepairDefinition } from '../shared/plan.ts';
import { correctStatus, onward } from '../shared/planners.ts';
import { planC2 } from './plan.ts';

export const withdrawSuccess: RepairDefinition = {
  fixCode: 'interWithdrawFixServiceImpl',
  scans: { type: 'withdraw', statuses: ['SUCCESS', 'PROCESSING'] },
  planners: { C2: planC2, S2: correctStatus },
  underway: onward,
};
