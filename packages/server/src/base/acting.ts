/**
 * Who acts in the request under way. It is carried beside the calls and not in them, so that no room can forget to
 * tell by what and from where somebody acted.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Caller } from './access.ts';

export interface Acting {
  readonly actor: string;
  readonly via: Caller['via'];
  readonly from: string | null;
  readonly requestId: string | null;
  /** By which token. */
  readonly tokenId: string | null;
  /** The approval that the act is carried out by. */
  readonly approvalId?: string;
}

const storage = new AsyncLocalStorage<Acting>();

export function actingAs<T>(caller: Caller, requestId: string | null, work: () => T): T {
  const { actor, via, from, tokenId = null } = caller;
  return storage.run({ actor, via, from, requestId, tokenId }, work);
}

/** Within the request of whoever approves: what is done is the act of the one who asked for it. */
export function actingByApproval<T>(caller: Caller, approvalId: string, work: () => T): T {
  const { actor, via, from } = caller;
  const requestId = storage.getStore()?.requestId ?? null;
  return storage.run({ actor, via, from, requestId, tokenId: null, approvalId }, work);
}

/** How the actor of a row acts: as the request's caller, or as a policy, which may act within a request too. */
export function actingOf(
  actor: string,
): Omit<Acting, 'actor' | 'via'> & { readonly via: Caller['via'] | null } {
  const acting = storage.getStore();
  if (acting !== undefined && acting.actor === actor) return acting;
  const isPolicy = actor.startsWith('policy:') || actor === 'cron';
  return { via: isPolicy ? 'policy' : null, from: null, requestId: acting?.requestId ?? null, tokenId: null };
}
