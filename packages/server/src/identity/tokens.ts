/**
 * Tokens: what a person's programs sign in with. At each call a token may do what it was made for, as far as its owner
 * may do it at that moment; it ends with its time, by revoking it, and with its owner's account.
 */
import { PiculusError, TOKEN_VERBS } from '@piculus/protocol';
import type { RouteBody, RouteQuery, RouteResponse, Token, User } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import { type Caller, inScope, requireFresh, type Scope } from '../base/access.ts';
import type { Context } from '../base/services.ts';
import { committed } from '../store/pool.ts';
import * as store from '../store/tokens.ts';
import { selectUser } from '../store/users.ts';
import { hashToken, looksLikeToken, makeToken, type TokenScope } from './token-rules.ts';
import { toUser } from './users.ts';

/** Who sends a token, and what it is for. */
export interface TokenHolder {
  readonly tokenId: string;
  readonly user: User;
  readonly scope: TokenScope;
}

export interface Tokens {
  /** @throws PiculusError `not-allowed` where somebody else's are asked for. */
  list(query: RouteQuery<'listTokens'>, caller: Caller): Promise<Token[]>;
  /**
   * @throws PiculusError `reauthentication-required`; `invalid-field` where it is to do more than its owner may now;
   * `wrong-state` where the owner has as many as they may.
   */
  create(input: RouteBody<'createToken'>, caller: Caller): Promise<RouteResponse<'createToken'>>;
  /** Revoking again changes nothing. @throws PiculusError `not-found`, also for what is somebody else's. */
  revoke(id: string, caller: Caller): Promise<void>;
  /** @returns null where the text is no token, or one that cannot be used now. */
  authenticate(text: string): Promise<TokenHolder | null>;
}

const DAY_MS = 86_400_000;
/** Last use is told to the minute, so that not every call is a write. */
const LAST_USED_STEP_MS = 60_000;
const TOKENS_MAX = 50;
const LISTED_MAX = 500;

const administersAll = (caller: Caller): boolean => caller.scope('administer') === 'all';

export function createTokens(context: Pick<Context, 'db' | 'clock' | 'steps'>): Tokens {
  const { db, clock } = context;
  return {
    async list({ everybody = false }, caller) {
      if (everybody && !administersAll(caller)) throw new PiculusError('not-allowed');
      return (await store.selectTokens(db, everybody ? null : userIdOf(caller), LISTED_MAX)).map(toToken);
    },

    async create(input, caller) {
      const createdAt = clock.now();
      requireFresh(caller, createdAt);
      refuseMore(input, caller);
      const userId = userIdOf(caller);
      const { token, prefix, hash } = makeToken(clock.bytes);
      const info = await committed(context, 'act', async (tx) => {
        const usable = await store.lockOwnerOfTokens(tx, userId, createdAt);
        if (usable === null) throw new PiculusError('not-allowed');
        if (usable >= TOKENS_MAX)
          throw new PiculusError(
            'wrong-state',
            `one person has at most ${TOKENS_MAX} tokens; revoke some first`,
          );
        const verbs = TOKEN_VERBS.filter((verb) => input.verbs.includes(verb));
        const sysCodes = input.sysCodes === null ? null : [...new Set(input.sysCodes)].sort();
        const expiresAt = new Date(createdAt.getTime() + input.days * DAY_MS);
        const { name } = input;
        const made = { userId, name, prefix, hash, verbs, sysCodes, createdAt, expiresAt };
        const id = await store.insertToken(tx, made);
        const after = { name, prefix, verbs, sysCodes, expiresAt: expiresAt.toISOString() };
        const { actor } = caller;
        await writeAudit(tx, { at: createdAt, actor, act: 'token-created', target: `token:${id}`, after });
        const row = await store.lockToken(tx, id);
        if (row === null) throw new Error('a row that was just made is not there');
        return toToken(row);
      });
      return { token, info };
    },

    async revoke(id, caller) {
      await committed(context, 'act', async (tx) => {
        const row = await store.lockToken(tx, id);
        if (row === null || (row.user_id !== caller.userId && !administersAll(caller)))
          throw new PiculusError('not-found', 'there is no such token');
        if (row.revoked_at !== null) return;
        const at = clock.now();
        await store.setTokenRevoked(tx, id, at);
        const detail = { owner: row.username, name: row.name, prefix: row.prefix };
        const { actor } = caller;
        await writeAudit(tx, { at, actor, act: 'token-revoked', target: `token:${id}`, detail });
      });
    },

    async authenticate(text) {
      if (!looksLikeToken(text)) return null;
      const now = clock.now();
      const row = await store.selectUsableToken(db, hashToken(text), now);
      if (row === null) return null;
      const user = await selectUser(db, row.user_id);
      if (user === undefined || user.banned) return null;
      const unlessSince = new Date(now.getTime() - LAST_USED_STEP_MS);
      if (row.last_used_at === null || row.last_used_at <= unlessSince)
        await store.touchToken(db, row.id, now, unlessSince);
      return {
        tokenId: row.id,
        user: toUser(user),
        scope: { verbs: row.verbs, sysCodes: row.sys_codes },
      };
    },
  };
}

function userIdOf(caller: Caller): string {
  if (caller.userId === null) throw new PiculusError('not-allowed', 'only people have tokens');
  return caller.userId;
}

/** What would never work is told at once; what the owner loses later is seen at each call. */
function refuseMore({ verbs, sysCodes }: RouteBody<'createToken'>, caller: Caller): void {
  const view = caller.scope('view');
  const unseen = (sysCodes ?? []).filter((sysCode) => !inScope(view, sysCode));
  if (unseen.length > 0)
    throw fieldError('sysCodes', `there is no system ${unseen[0]}`, `没有系统 ${unseen[0]}`);
  const able = (scope: Scope): boolean =>
    sysCodes === null
      ? scope === 'all' || scope.size > 0
      : sysCodes.some((sysCode) => inScope(scope, sysCode));
  const missing = verbs.find((verb) => !able(caller.scope(verb)));
  if (missing !== undefined)
    throw fieldError(
      'verbs',
      `you may not ${missing} there yourself`,
      `您自己在此范围内没有 ${missing} 权限`,
    );
}

const fieldError = (field: string, en: string, zh: string): PiculusError =>
  new PiculusError('invalid-field', undefined, [{ field, reason: { en, zh } }]);

function toToken(row: store.TokenRow): Token {
  return {
    id: row.id,
    owner: row.username,
    name: row.name,
    prefix: row.prefix,
    verbs: TOKEN_VERBS.filter((verb) => row.verbs.includes(verb)),
    sysCodes: row.sys_codes,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}
