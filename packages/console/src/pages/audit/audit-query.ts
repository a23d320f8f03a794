/** What the address says, as the API takes it. */
import { VIAS, type RouteQuery } from '@piculus/protocol/http';
import type zh from '../../locales/zh-CN/index.ts';
import type { FilterValues } from '../../parts/filters.ts';

type KnownAct = keyof typeof zh.audit.acts;
export const KNOWN_ACTS = [
  'sign-in',
  'sign-in-refused',
  'second-factor-asked',
  'second-factor-refused',
  'second-factor-set-up',
  'second-factor-removed',
  'recovery-codes-renewed',
  'sign-out',
  'password-changed',
  'password-changed-refused',
  'confirmed',
  'confirm-refused',
  'password-reset',
  'session-ended',
  'sessions-ended',
  'token-created',
  'token-revoked',
  'user-created',
  'user-enabled',
  'user-disabled',
  'grants-changed',
  'role-created',
  'role-changed',
  'role-deleted',
  'create-system',
  'change-system',
  'create-key',
  'revoke-key',
  'create-solution',
  'change-solution',
  'delete-solution',
  'start-collection',
  'cancel-collection',
  'run',
  'run-dropped',
  'bulk-run',
  'cancel-bulk-run',
  'close',
  'reopen',
  'export',
  'reveal',
  'case-file',
  'alarm',
  'add-server-key',
  'use-server-key',
  'retire-server-key',
  'stop',
  'resume',
  'set-limits',
  'request-approval',
  'approve',
  'reject-approval',
  'withdraw-approval',
  'approval-expired',
  'approval-void',
  'change-approval-policy',
  'single-person',
  'refused',
  'verify-audit',
] as const satisfies readonly KnownAct[];

/** @returns null for an act that has no words here: another build's, or a new one. */
export function knownAct(act: string): KnownAct | null {
  return KNOWN_ACTS.find((each) => each === act) ?? null;
}

type Query = Partial<RouteQuery<'listAudit'>>;

/** Acts without words pass too, for a link may name one; values that are no way to act are left out. */
export function auditQuery(values: FilterValues): Query {
  const { act, via, ...texts } = values;
  const acts = act?.split(',').filter((each) => each !== '') ?? [];
  const vias = VIAS.filter((each) => via?.split(',').includes(each));
  return {
    ...texts,
    ...(acts.length > 0 ? { act: acts } : {}),
    ...(vias.length > 0 ? { via: vias } : {}),
  };
}
