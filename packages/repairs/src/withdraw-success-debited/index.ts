/** C3: withdrawal shown as success, debited, not paid. Ends paid, SUCCESS. */
import type { RepairDefinition } from '../shared/plan.ts';
import { correctStatus, onward } from '../shared/planners.ts';
import { planC3 } from './plan.ts';

export const withdrawSuccessDebited: RepairDefinition = {
  fixCode: 'interWithdrawAccFixServiceImpl',
  scans: { type: 'withdraw', statuses: ['SUCCESS', 'PROCESSING'] },
  planners: { C3: planC3, S2: correctStatus },
  underway: onward,
};
