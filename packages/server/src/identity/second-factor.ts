/** Second factors: setting one up, removing one, and the second step of a sign-in. */
import { PiculusError } from '@piculus/protocol';
import type { SecondFactor, SecondFactorSecret } from '@piculus/protocol/http';
import { symmetricDecrypt, symmetricEncrypt } from 'better-auth/crypto';
import { writeAudit } from '../audit/audit.ts';
import { type Caller, requireFresh } from '../base/access.ts';
import type { Context } from '../base/services.ts';
import type { Tx } from '../store/database.ts';
import { transaction } from '../store/pool.ts';
import {
  confirmSecondFactor,
  deleteSecondFactor,
  isFactorRequired,
  lockSecondFactor,
  putUnconfirmed,
  type SecondFactorRow,
  selectSecondFactor,
  selectRequiringRoles,
  setBackupCodes,
  setFactorRequired,
  useStep,
} from '../store/second-factors.ts';
import { deleteSessions } from '../store/sessions.ts';
import { selectUser } from '../store/users.ts';
import { base32, fromBase32, matchingStep, otpauthUri, SECRET_BYTES } from './totp.ts';

/** The library's sign that a secret is in base 32. */
const BASE32 = 'base32:';
const RECOVERY_CODES = 10;
/** A secret that nobody confirmed is of no use to who finds it later. */
const UNCONFIRMED_MS = 30 * 60_000;

type SecretKey = Parameters<typeof symmetricEncrypt>[0]['key'];

export interface SecondFactors {
  get(caller: Caller): Promise<SecondFactor>;
  /** @throws PiculusError `reauthentication-required`, `already-exists`. */
  begin(caller: Caller): Promise<SecondFactorSecret>;
  /** @throws PiculusError `invalid-field` for a wrong code, `wrong-state` where nothing waits for one. */
  confirm(caller: Caller, code: string): Promise<{ recoveryCodes: string[] }>;
  /** @throws PiculusError `reauthentication-required`, `wrong-state` without a second factor. */
  renewRecoveryCodes(caller: Caller): Promise<{ recoveryCodes: string[] }>;
  /** Nothing happens where there is none. @throws PiculusError `reauthentication-required`. */
  remove(caller: Caller): Promise<void>;
  /** @throws PiculusError `reauthentication-required`, `not-found`, `wrong-state` where there is none. */
  removeOf(userId: string, reason: string, caller: Caller): Promise<void>;
  /** Whether a role of the person asks for one. */
  isRequired(userId: string): Promise<boolean>;
  /** The roles whose holders have to have one. */
  requiringRoles(): Promise<string[]>;
  /** @throws PiculusError `reauthentication-required`, `not-found`; `wrong-state` for a caller who has none. */
  setRequired(role: string, required: boolean, caller: Caller): Promise<void>;
  /** Whether this is the person's code of now; it is used up by that. */
  useCode(userId: string, code: string): Promise<boolean>;
}

export interface SecondFactorParts {
  /** What the sign-in library encrypts with. */
  readonly key: () => Promise<SecretKey>;
}

export const WRONG_CODE = {
  field: 'code',
  reason: {
    en: 'this code does not count (any more); wait for the next one',
    zh: '验证码无效或已使用，请等待下一个',
  },
} as const;

export function createSecondFactors(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  { key }: SecondFactorParts,
): SecondFactors {
  const secretOf = async (row: SecondFactorRow): Promise<Buffer> => {
    const text = await symmetricDecrypt({ key: await key(), data: row.secret });
    if (!text.startsWith(BASE32)) throw new PiculusError('internal', 'a second factor cannot be read');
    return fromBase32(text.slice(BASE32.length));
  };

  async function newCodes(): Promise<{ recoveryCodes: string[]; sealed: string }> {
    const recoveryCodes = Array.from({ length: RECOVERY_CODES }, () => recoveryCode(clock.bytes(10)));
    const sealed = await symmetricEncrypt({ key: await key(), data: JSON.stringify(recoveryCodes) });
    return { recoveryCodes, sealed };
  }

  async function codesLeft(row: SecondFactorRow): Promise<number> {
    const codes: unknown = JSON.parse(await symmetricDecrypt({ key: await key(), data: row.backup_codes }));
    return Array.isArray(codes) ? codes.length : 0;
  }

  const tell = (tx: Tx, caller: Caller, act: string, username: string, reason?: string): Promise<void> =>
    writeAudit(tx, {
      at: clock.now(),
      actor: caller.actor,
      act,
      target: `user:${username}`,
      ...(reason === undefined ? {} : { reason }),
    });

  return {
    async get(caller) {
      const userId = personOf(caller);
      const row = await selectSecondFactor(db, userId);
      const enabled = row?.verified === true;
      return {
        enabled,
        recoveryCodesLeft: enabled ? await codesLeft(row) : null,
        required: await isFactorRequired(db, userId),
      };
    },

    async begin(caller) {
      const userId = personOf(caller);
      requireFresh(caller, clock.now());
      const secret = base32(clock.bytes(SECRET_BYTES));
      const sealed = await symmetricEncrypt({ key: await key(), data: `${BASE32}${secret}` });
      const row = { id: clock.uuid(), userId, secret: sealed, at: clock.now() };
      const kept = await transaction(db, (tx) => putUnconfirmed(tx, row));
      if (!kept) throw new PiculusError('already-exists', 'there is a second factor; remove it first');
      return { secret, uri: otpauthUri(secret, caller.actor) };
    },

    async confirm(caller, code) {
      const userId = personOf(caller);
      const now = clock.now();
      const { recoveryCodes, sealed } = await newCodes();
      await transaction(db, async (tx) => {
        const row = await lockSecondFactor(tx, userId);
        const waits =
          row !== undefined && !row.verified && now.getTime() - row.created_at.getTime() < UNCONFIRMED_MS;
        if (!waits)
          throw new PiculusError('wrong-state', 'no second factor waits for its first code; begin anew');
        const step = matchingStep(await secretOf(row), code, now);
        if (step === null) throw new PiculusError('invalid-field', undefined, [WRONG_CODE]);
        await confirmSecondFactor(tx, { userId, backupCodes: sealed, step });
        await tell(tx, caller, 'second-factor-set-up', caller.actor);
      });
      return { recoveryCodes };
    },

    async renewRecoveryCodes(caller) {
      const userId = personOf(caller);
      requireFresh(caller, clock.now());
      const { recoveryCodes, sealed } = await newCodes();
      await transaction(db, async (tx) => {
        const row = await lockSecondFactor(tx, userId);
        if (row?.verified !== true) throw new PiculusError('wrong-state', 'there is no second factor');
        await setBackupCodes(tx, userId, sealed);
        await tell(tx, caller, 'recovery-codes-renewed', caller.actor);
      });
      return { recoveryCodes };
    },

    async remove(caller) {
      const userId = personOf(caller);
      requireFresh(caller, clock.now());
      await transaction(db, async (tx) => {
        if (await deleteSecondFactor(tx, userId))
          await tell(tx, caller, 'second-factor-removed', caller.actor);
      });
    },

    async removeOf(userId, reason, caller) {
      requireFresh(caller, clock.now());
      await transaction(db, async (tx) => {
        const user = await selectUser(tx, userId);
        if (user === undefined) throw new PiculusError('not-found', 'there is no such user');
        if (!(await deleteSecondFactor(tx, userId)))
          throw new PiculusError('wrong-state', 'this user has no second factor');
        // Whoever has the lost device may have a session, too.
        await deleteSessions(tx, userId);
        await tell(tx, caller, 'second-factor-removed', user.username, reason);
      });
    },

    isRequired: (userId) => isFactorRequired(db, userId),
    requiringRoles: () => selectRequiringRoles(db),

    async setRequired(role, required, caller) {
      const userId = personOf(caller);
      const at = clock.now();
      requireFresh(caller, at);
      // Whoever asks others for it knows how it works, and does not lock themselves out by a click.
      if (required && (await selectSecondFactor(db, userId))?.verified !== true)
        throw new PiculusError('wrong-state', 'set up your own second factor first');
      await transaction(db, async (tx) => {
        const found = await setFactorRequired(tx, role, required);
        if (found === null) throw new PiculusError('not-found', 'there is no such role');
        if (found.before === required) return;
        await writeAudit(tx, {
          at,
          actor: caller.actor,
          act: 'role-changed',
          target: `role:${role}`,
          before: { requiresSecondFactor: found.before },
          after: { requiresSecondFactor: required },
        });
      });
    },

    async useCode(userId, code) {
      const row = await selectSecondFactor(db, userId);
      if (row?.verified !== true) return false;
      const step = matchingStep(await secretOf(row), code, clock.now());
      return step !== null && useStep(db, userId, step);
    },
  };
}

/** @throws PiculusError `not-allowed` for a token or a policy, which have no second factor. */
function personOf(caller: Caller): string {
  if (caller.userId === null || caller.via !== 'session')
    throw new PiculusError('not-allowed', 'a person has to do this');
  return caller.userId;
}

/** 80 bits as `ABCDEFGH-IJKLMNOP`. */
function recoveryCode(bytes: Buffer): string {
  const text = base32(bytes);
  return `${text.slice(0, 8)}-${text.slice(8)}`;
}
