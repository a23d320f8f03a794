export * from './classify.ts';
export * from './facts.ts';
export * from './ports.ts';
export * from './repairs.ts';
export type { Evidence, FoundEvidence } from './shared/evidence.ts';
export * from './shared/keys.ts';
export type { Action, RepairStep } from './shared/steps.ts';
