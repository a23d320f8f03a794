/**
 * Slows guessing down, for each account and each address, and never locks anybody out: where somebody signed in
 * before, they have an allowance of their own that no stranger elsewhere can use up. It is counted in the database,
 * in as many rows as there are slots, whatever names are tried.
 */
import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { PiculusError } from '@piculus/protocol';
import type { Context } from '../base/services.ts';
import { transaction } from '../store/pool.ts';
import {
  countTry,
  forgetTry,
  rememberAddress,
  selectBlockedUntil,
  selectKnown,
  type Slot,
} from '../store/sign-ins.ts';

const MINUTE_MS = 60_000;
/** Failures in a row are forgotten when there was none for that long. */
const FORGET_MS = 24 * 60 * MINUTE_MS;
const ACCOUNT = { free: 8, capMs: 15 * MINUTE_MS };
/** Many people may come from behind one address. */
const PLACE = { free: 40, capMs: 15 * MINUTE_MS };
const KNOWN = { free: 8, capMs: 5 * MINUTE_MS };
export const ADDRESSES_MAX = 20;

/** A refusal that says when to come back. */
export class TooManyTries extends PiculusError {
  readonly retryAfterS: number;

  constructor(retryAfterS: number) {
    super('too-many-requests', `too many wrong tries; the next one is possible in ${retryAfterS} s`);
    this.retryAfterS = retryAfterS;
  }
}

/** A try that counts as failed until it is told otherwise. */
export interface Try {
  /** @param signedInAs who has a session now; null where the proof was right and made none. */
  right(signedInAs: string | null): Promise<void>;
}

export interface Guessing {
  /** @throws TooManyTries */
  signIn(username: string, from: string): Promise<Try>;
  /** For proofs within a session. @throws TooManyTries */
  within(sessionId: string): Promise<Try>;
}

export function createGuessing(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  { secret }: { readonly secret: string },
): Guessing {
  /** Names share slots; without the secret nobody can tell whose. */
  const slotOf = (kind: string, text: string): string =>
    `${kind}:${createHmac('sha256', secret).update(`guessing\0${kind}\0${text}`).digest().readUInt16BE(0)}`;

  function refuse(until: Date | null, now: Date): never {
    const waitMs = (until?.getTime() ?? 0) - now.getTime();
    throw new TooManyTries(Math.max(1, Math.ceil(waitMs / 1_000)));
  }

  async function begin(slots: readonly Slot[]): Promise<void> {
    const now = clock.now();
    // Most tries of an attack end here, at the price of one question.
    const blocked = await selectBlockedUntil(db, slots);
    if (blocked !== null && blocked > now) refuse(blocked, now);
    const forget = new Date(now.getTime() - FORGET_MS);
    await transaction(db, async (tx) => {
      const free = await countTry(tx, slots, { now, forget });
      if (free.length === slots.length) return;
      refuse(await selectBlockedUntil(tx, slots), now);
    });
  }

  return {
    async signIn(name, from) {
      const username = name.toLowerCase();
      const address = addressOf(from);
      const known = await selectKnown(db, username, address);
      const own =
        known === null
          ? { slot: slotOf('account', username), ...ACCOUNT }
          : { slot: `known:${known}:${address}`, ...KNOWN };
      const place = { slot: slotOf('place', address), ...PLACE };
      await begin(known === null ? [own, place] : [own]);
      return {
        right: (userId) =>
          transaction(db, async (tx) => {
            const at = clock.now();
            await forgetTry(tx, [own.slot], known === null ? [place.slot] : [], at);
            if (userId !== null) await rememberAddress(tx, userId, { address, at, keep: ADDRESSES_MAX });
          }),
      };
    },
    async within(sessionId) {
      const own = { slot: `session:${sessionId}`, ...KNOWN };
      await begin([own]);
      return { right: () => transaction(db, (tx) => forgetTry(tx, [own.slot], [], clock.now())) };
    },
  };
}

/** The part of an address that one network has to itself: all of IPv4, the first 64 bits of IPv6. */
export function addressOf(from: string): string {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(from)?.[1];
  if (mapped !== undefined) return mapped;
  const plain = from.split('%', 1)[0] ?? from;
  if (!isIPv6(plain)) return plain.slice(0, 64);
  const [head = '', tail] = plain.toLowerCase().split('::', 2);
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
