import { hash } from 'node:crypto';
import type { Command } from '../fix.ts';

/**
 * Hash of what a command asks for. Evidence, expiry, attempt and scenario are left out: they may differ from
 * one try to the next. The same command key with another hash is an error and an alarm.
 */
export function payloadHash(
  command: Pick<Command, 'fixCode' | 'businessKey' | 'amountMinor' | 'currency'>,
): string {
  // A JSON list is canonical here: its order is fixed and its texts are escaped.
  const canonical = JSON.stringify([
    command.fixCode,
    command.businessKey,
    command.amountMinor,
    command.currency,
  ]);
  return hash('sha256', canonical, 'hex');
}
