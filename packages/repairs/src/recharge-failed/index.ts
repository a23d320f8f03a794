/** C4: recharge shown as failed, the bank took the money, not credited. Ends credited, SUCCESS. */
import type { RepairDefinition } from '../shared/plan.ts';
import { planC4, planLateStatus } from './plan.ts';

export const rechargeFailed: RepairDefinition = {
  fixCode: 'rechargeFailedFixServiceImpl',
  scans: { type: 'recharge', statuses: ['FAILED'] },
  planners: { C4: planC4, S1: planLateStatus },
};
