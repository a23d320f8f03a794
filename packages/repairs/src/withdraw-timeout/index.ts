/** C8, C9: withdrawal processing for long. Ends settled and SUCCESS, or given back and FAILED. */
import type { RepairDefinition } from '../shared/plan.ts';
import { correctStatus } from '../shared/planners.ts';
import { planC8, planC9 } from './plan.ts';

export const withdrawTimeout: RepairDefinition = {
  fixCode: 'withdrawTimeoutFixServiceImpl',
  scans: { type: 'withdraw', statuses: ['PROCESSING', 'REFUNDED', 'RETURNED'], unknownToo: true },
  planners: { C8: planC8, C9: planC9, S2: correctStatus },
};
