/** A solution's fields as a form holds them, and what differs between two of its versions. Pure. */
import { type ScenarioCode, SEED_FIX_CODES } from '@piculus/protocol';
import type { Solution, SolutionChange, SolutionInput } from '@piculus/protocol/http';

/** The fields that a person may change; system and fix code are the solution's identity. */
export const FIELD_NAMES = [
  'maxRetries',
  'retryCron',
  'timeZone',
  'executionMode',
  'status',
  'level',
  'description',
] as const satisfies readonly (keyof SolutionInput)[];
export type FieldName = (typeof FIELD_NAMES)[number];
export const FORM_FIELDS = ['sysCode', 'fixCode', ...FIELD_NAMES] as const;
export type FormField = (typeof FORM_FIELDS)[number];

export type SolutionFields = Pick<SolutionInput, FieldName>;
/** As typed: a number may still be no number. */
export interface SolutionValues extends Omit<SolutionInput, 'maxRetries'> {
  readonly maxRetries: string;
}

/** What a new solution begins with. */
export const DEFAULTS: SolutionValues = {
  sysCode: '',
  fixCode: '',
  maxRetries: '0',
  retryCron: '0 0/2 * * * ?',
  timeZone: 'UTC',
  executionMode: 'automatic',
  status: 'enabled',
  level: 'very-important',
  description: '',
};

export function valuesOf(solution: SolutionInput): SolutionValues {
  const { sysCode, fixCode, retryCron, timeZone, executionMode, status, level, description } = solution;
  return {
    sysCode,
    fixCode,
    maxRetries: String(solution.maxRetries),
    retryCron,
    timeZone,
    executionMode,
    status,
    level,
    description,
  };
}

/** A number that was not typed yet becomes none, which the server refuses at its field. */
export function inputOf(values: SolutionValues): SolutionInput {
  const text = values.maxRetries.trim();
  return {
    ...values,
    sysCode: values.sysCode.trim(),
    fixCode: values.fixCode.trim(),
    maxRetries: text === '' ? Number.NaN : Number(text),
  };
}

/** @returns the names of the fields that differ, in the order of the form. */
export function changedFields(before: SolutionFields, after: SolutionFields): FieldName[] {
  return FIELD_NAMES.filter((name) => before[name] !== after[name]);
}

/** @returns a change that names only what differs, made from that version. */
export function changeFrom(base: Solution, after: SolutionInput): SolutionChange {
  const changed = changedFields(base, after).map((name) => [name, after[name]] as const);
  return { ...Object.fromEntries(changed), expectedVersion: base.version };
}

/** Somebody else's version, with what was typed since `base` on top of it. */
export function rebased(base: Solution, typed: SolutionValues, latest: Solution): SolutionValues {
  const mine = changedFields(base, inputOf(typed)).map((name) => [name, typed[name]] as const);
  return { ...valuesOf(latest), ...Object.fromEntries(mine) };
}

/** @returns the scenarios that a fix of this name repairs; empty where the name is not one of the known ones. */
export function scenariosOf(fixCode: string): readonly ScenarioCode[] {
  const known = Object.entries(SEED_FIX_CODES).find(([name]) => name === fixCode);
  return known?.[1] ?? [];
}

/** @returns all time zones, the person's own first; the one in use is always among them. */
export function zonesFor(own: string, used: string): string[] {
  return [...new Set([own, 'UTC', used, ...Intl.supportedValuesOf('timeZone')])];
}

export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
