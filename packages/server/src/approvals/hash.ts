/** The one spelling of what is approved, and its hash. Pure. */
import { createHash } from 'node:crypto';
import { canonicalBytes, canonicalJson } from '@piculus/protocol/signing';
import type { ApprovalCommand, ApprovalPreview } from '@piculus/protocol/http';

const FORMAT = 'piculus approval 1';

export interface Approvable {
  readonly command: ApprovalCommand;
  readonly evidence: unknown;
  readonly preview: ApprovalPreview;
  readonly policyVersion: number;
  readonly requestedById: string;
  readonly expiresAt: Date;
}

/** SHA-256 over length-prefixed parts, so that nothing of it can be changed and the hash still fit. */
export function approvalHash(given: Approvable): Buffer {
  const parts = [
    FORMAT,
    canonicalJson(given.command),
    canonicalJson(given.evidence),
    canonicalJson(given.preview),
    given.policyVersion,
    given.requestedById,
    given.expiresAt.toISOString(),
  ];
  return createHash('sha256').update(canonicalBytes(parts)).digest();
}

/** Two requests for the same command have the same one, whoever asks. */
export function commandHash(command: ApprovalCommand): Buffer {
  return createHash('sha256').update(canonicalJson(command)).digest();
}

export const sameEvidence = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);
