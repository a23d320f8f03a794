import type { PlanStep } from '@piculus/protocol';
import type { Fix } from '../fix.ts';

/** A fix of whatever evidence and steps; the runner hands a fix only what it made itself. */
export type AnyFix<Tx> = Fix<unknown, PlanStep, Tx>;
