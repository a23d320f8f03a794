/**
 * What is signed of each command. The first part names kind and version, so that a signature over one kind is worth
 * nothing for another; the system and the client's id bind it to one process, so that it cannot be replayed to
 * another one or to the same one after its restart.
 */
import type { FixCommand, FixItem, ServerMessageBody } from '../messages/index.ts';
import { canonicalBytes } from './canonical.ts';

/** Whom a command is for: the connection's system, and the id in the client's `hello`. */
export interface Audience {
  readonly sysCode: string;
  readonly clientId: string;
}

/** Every field of the item but its signature, and those of its lease. */
export function fixItemBytes(
  { sysCode, clientId }: Audience,
  lease: Pick<FixCommand, 'leaseId' | 'epoch' | 'leaseMs'>,
  item: FixItem,
): Uint8Array {
  const { leaseId, epoch, leaseMs } = lease;
  const parts: Parts = ['piculus.fix.v1', sysCode, clientId, leaseId, epoch, leaseMs];
  addItem(parts, item);
  return canonicalBytes(parts);
}

/** Every field of the message but its signature, with every field of each item. */
export function fixBytes({ sysCode, clientId }: Audience, command: FixCommand): Uint8Array {
  const { leaseId, epoch, leaseMs, items } = command;
  const parts: Parts = ['piculus.fix-whole.v1', sysCode, clientId, leaseId, epoch, leaseMs];
  addSigning(parts, command);
  parts.push(items.length);
  for (const item of items) addItem(parts, item);
  return canonicalBytes(parts);
}

type Parts = (string | number | null)[];

/** Into one list: a batch has thousands of parts, and a list for each item took longer than all the rest. */
function addItem(parts: Parts, item: FixItem): void {
  parts.push(
    item.problemId,
    item.commandKey,
    item.fixCode,
    item.businessKey,
    item.scenario,
    item.amountMinor,
    item.currency,
    item.attempt,
    item.trigger,
    item.previousOutcome,
    item.evidenceHash ?? null,
  );
  addSigning(parts, item);
}

function addSigning(
  parts: Parts,
  { notBefore, expiresAt, keyId }: Pick<FixItem, 'notBefore' | 'expiresAt' | 'keyId'>,
): void {
  parts.push(notBefore ?? null, expiresAt ?? null, keyId ?? null);
}

/** Every field of a preview but its signature. */
export function previewBytes(
  { sysCode, clientId }: Audience,
  preview: ServerMessageBody<'preview'>,
): Uint8Array {
  return canonicalBytes([
    'piculus.preview.v1',
    sysCode,
    clientId,
    preview.previewId,
    preview.fixCode,
    preview.businessKey,
    preview.scenario,
    preview.commandKey ?? null,
    preview.amountMinor ?? null,
    preview.currency ?? null,
    preview.notBefore ?? null,
    preview.expiresAt ?? null,
    preview.keyId ?? null,
  ]);
}

/** Every field of a reveal but its signature. */
export function revealBytes(
  { sysCode, clientId }: Audience,
  reveal: ServerMessageBody<'reveal'>,
): Uint8Array {
  return canonicalBytes([
    'piculus.reveal.v1',
    sysCode,
    clientId,
    reveal.revealId,
    reveal.fixCode,
    reveal.businessKey,
    reveal.fields.length,
    ...reveal.fields,
    reveal.notBefore ?? null,
    reveal.expiresAt ?? null,
    reveal.keyId ?? null,
  ]);
}

/** The server's keys as it announces them, without the signatures over them. */
export function serverKeysBytes(
  { sysCode, clientId }: Audience,
  { keys, notBefore, expiresAt }: ServerMessageBody<'server-keys'>,
): Uint8Array {
  return canonicalBytes([
    'piculus.server-keys.v1',
    sysCode,
    clientId,
    keys.length,
    ...keys,
    notBefore,
    expiresAt,
  ]);
}
