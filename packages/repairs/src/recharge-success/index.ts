/** C1: recharge shown as success, the account was not credited. Ends credited, SUCCESS. */
import type { RepairDefinition } from '../shared/plan.ts';
import { correctStatus } from '../shared/planners.ts';
import { planC1 } from './plan.ts';

export const rechargeSuccess: RepairDefinition = {
  fixCode: 'interRechargeFixServiceImpl',
  scans: { type: 'recharge', statuses: ['SUCCESS'] },
  planners: { C1: planC1, S1: correctStatus },
};
