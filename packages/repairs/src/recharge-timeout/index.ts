/** C5, C6: recharge processing for long. Ends credited and SUCCESS, or FAILED with nothing moved. */
import type { RepairDefinition } from '../shared/plan.ts';
import { correctStatus } from '../shared/planners.ts';
import { planC5, planC6 } from './plan.ts';

export const rechargeTimeout: RepairDefinition = {
  fixCode: 'rechargeTimeoutFixServiceImpl',
  scans: { type: 'recharge', statuses: ['PROCESSING', 'REFUNDED', 'RETURNED'], unknownToo: true },
  planners: { C5: planC5, C6: planC6, S1: correctStatus },
};
