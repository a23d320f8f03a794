import { end, type Planner } from '../shared/plan.ts';
import { correctStatus, creditAccount } from '../shared/planners.ts';

/** C4. A success that came late is credited, unless the installation gives late money back to the payer. */
export const planC4: Planner = (situation) =>
  situation.policy.lateRecharge === 'credit' ? creditAccount(situation) : leftToAPerson(situation);

/** S1 on a failed order revives it, which is the same choice. */
export const planLateStatus: Planner = (situation) =>
  situation.problem.statusTo === 'SUCCESS' && situation.policy.lateRecharge === 'person'
    ? leftToAPerson(situation)
    : correctStatus(situation);

const leftToAPerson: Planner = ({ problem }) =>
  end('refused', problem.scenario, 'the policy leaves late recharges to a person');
