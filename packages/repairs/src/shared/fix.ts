/** Makes the fix of a repair: the one way in which all of them fence, examine, plan and apply. */
import { defineFix, type FenceResult, type Fix } from '@piculus/client';
import type { PaymentSystem, RepairPolicy } from '../ports.ts';
import { applyStep } from './apply.ts';
import { type Evidence, evidenceFacts, examine, PERSONAL_FIELDS } from './evidence.ts';
import { planRepair, type RepairDefinition } from './plan.ts';
import type { RepairStep } from './steps.ts';

export type RepairFix<Tx> = Fix<Evidence, RepairStep, Tx>;

export function makeFix<Tx>(
  definition: RepairDefinition,
  system: PaymentSystem<Tx>,
  policy: RepairPolicy,
): RepairFix<Tx> {
  const installation = { policy, capabilities: system.bank.capabilities };
  return defineFix<Evidence, RepairStep, Tx>({
    fixCode: definition.fixCode,
    personal: [...PERSONAL_FIELDS],
    fence: (command) => fence(system, command.businessKey, command.commandKey),
    examine: (command, signal) => examine(system, command.businessKey, signal),
    facts: evidenceFacts,
    plan: (command, evidence) => planRepair(definition, command, evidence, installation),
    apply: (step, evidence, context) => applyStep(system, step, evidence, context),
  });
}

async function fence<Tx>(
  system: PaymentSystem<Tx>,
  orderNo: string,
  commandKey: string,
): Promise<FenceResult> {
  const held = await system.orders.fence(orderNo, commandKey);
  switch (held) {
    case 'held':
      return { held: true, release: () => system.orders.unfence(orderNo, commandKey) };
    case 'held-by-other':
      return { held: false, outcome: 'not-yet', reason: 'another command has this order just now' };
    case 'gone':
      return {
        held: false,
        outcome: 'refused',
        reason: 'the order is not there any more; a person must look',
      };
  }
}
