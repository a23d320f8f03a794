import type { Token } from '@piculus/protocol/http';

export type TokenState = 'usable' | 'expired' | 'revoked';

export function stateOf({ revokedAt, expiresAt }: Token, now: number): TokenState {
  if (revokedAt !== null) return 'revoked';
  return Date.parse(expiresAt) <= now ? 'expired' : 'usable';
}
