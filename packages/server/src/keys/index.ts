/**
 * The server's signing keys. Two and more may be there at a time, one of which is in use; every act is audited with
 * the public key, so that a signature can be told later on whose it was.
 */
import { LIMITS, PiculusError } from '@piculus/protocol';
import type { ServerKeyInfo } from '@piculus/protocol/http';
import type { Caller } from '../base/access.ts';
import type { Context } from '../base/services.ts';
import { writeAudit } from '../audit/audit.ts';
import { transaction } from '../store/pool.ts';
import {
  addKeyFile,
  type KeyRing,
  openKeyFolder,
  readKeyFile,
  readKeyFolder,
  removeKeyFile,
  useKeyFile,
} from './key-files.ts';
import { createSigner, type Signer } from './signer.ts';

export interface KeyPlace {
  /** Folder of the keys, made at the first start. */
  readonly folder: string;
  /** One key that somebody else keeps; the folder is not looked at then. */
  readonly file: string | null;
  /** Whether other nodes sign by the same folder. */
  readonly hasOthers?: () => boolean;
}

/** Within this, every node that shares the folder has seen which key is in use. */
const SEEN_BY_ALL_MS = 15_000;

export interface ServerKeys {
  readonly signer: Signer;
  /** For `PICULUS_SERVER_KEYS` of clients. */
  publicKeys(): string[];
  list(): ServerKeyInfo[];
  /** Makes another key, which is not in use yet. @throws PiculusError `wrong-state`. */
  add(caller: Caller): Promise<ServerKeyInfo>;
  /** Signs with this one from now on. @throws PiculusError `not-found`, `wrong-state`. */
  use(keyId: string, caller: Caller): Promise<ServerKeyInfo>;
  /** Removes a key that is not in use. @throws PiculusError `not-found`, `wrong-state`. */
  retire(keyId: string, caller: Caller): Promise<void>;
  /** @returns why commands cannot be signed, as the keys are on the disk now; null where they can. */
  problem(): Promise<string | null>;
  /** Reads the folder anew. @returns whether something changed. */
  refresh(): Promise<boolean>;
}

/** @throws StartError where the keys cannot be read, or others can read them. */
export async function openServerKeys(
  context: Pick<Context, 'clock' | 'log' | 'db'>,
  { folder, file, hasOthers = () => false }: KeyPlace,
): Promise<ServerKeys> {
  const { clock, log, db } = context;
  const read = async (first: boolean): Promise<KeyRing> => {
    if (file === null) return first ? openKeyFolder(folder) : readKeyFolder(folder);
    const key = await readKeyFile(file);
    return { keys: [key], active: key };
  };
  let ring = await read(true);
  let turn: Promise<unknown> = Promise.resolve();
  /** When keys that are not in use any more still were. */
  const usedUntil = new Map<string, number>();
  const take = (next: KeyRing): void => {
    const before = ring.active?.keyId;
    if (before !== undefined && before !== next.active?.keyId) usedUntil.set(before, clock.now().getTime());
    ring = next;
  };
  if (ring.active === null) {
    log.error({ folder }, 'the signing key in use is lost: no command is sent until another one is used');
  }

  const info = ({ keyId, text, createdAt }: KeyRing['keys'][number]): ServerKeyInfo => ({
    keyId,
    publicKey: text,
    inUse: keyId === ring.active?.keyId,
    createdAt: createdAt.toISOString(),
  });
  const find = (keyId: string): KeyRing['keys'][number] => {
    const key = ring.keys.find((each) => each.keyId === keyId);
    if (key === undefined) throw new PiculusError('not-found', `there is no signing key ${keyId}`);
    return key;
  };
  /** One change at a time, each on what the folder holds now. */
  function change<T>(work: () => Promise<T>): Promise<T> {
    if (file !== null)
      throw new PiculusError('wrong-state', `the key is kept in ${file}, which the server does not change`);
    const mine = turn.then(async () => {
      take(await readKeyFolder(folder));
      const made = await work();
      take(await readKeyFolder(folder));
      return made;
    });
    turn = mine.catch(() => {});
    return mine;
  }
  const audited = (
    caller: Caller,
    act: string,
    keyId: string,
    publicKey: string,
    work: () => Promise<void>,
  ) =>
    transaction(db, async (tx) => {
      await writeAudit(tx, {
        at: clock.now(),
        actor: caller.actor,
        act,
        target: `server-key:${keyId}`,
        detail: { publicKey },
      });
      await work();
    });

  return {
    signer: createSigner(
      () => ring,
      () => clock.now(),
    ),
    publicKeys: () => ring.keys.map(({ text }) => text),
    list: () => ring.keys.map(info),
    add: async (caller) => {
      const made = await change(async () => {
        if (ring.keys.length >= LIMITS.serverKeysMax)
          throw new PiculusError('wrong-state', `at most ${LIMITS.serverKeysMax} keys; retire one first`);
        const key = await addKeyFile(folder);
        try {
          await audited(caller, 'add-server-key', key.keyId, key.text, async () => {});
        } catch (error) {
          // A key that nobody is told of must not lie around.
          await removeKeyFile(folder, key.keyId);
          throw error;
        }
        return key;
      });
      return info(made);
    },
    use: async (keyId, caller) => {
      await change(async () => {
        const { text } = find(keyId);
        await audited(caller, 'use-server-key', keyId, text, () => useKeyFile(folder, keyId));
      });
      return info(find(keyId));
    },
    retire: (keyId, caller) =>
      change(async () => {
        const { text } = find(keyId);
        if (ring.active?.keyId === keyId)
          throw new PiculusError('wrong-state', 'this key is in use; use another one first');
        const sinceMs = clock.now().getTime() - (usedUntil.get(keyId) ?? Number.NEGATIVE_INFINITY);
        if (hasOthers() && sinceMs < SEEN_BY_ALL_MS)
          throw new PiculusError(
            'wrong-state',
            'other servers may still sign with this key; retire it a quarter of a minute later',
          );
        await audited(caller, 'retire-server-key', keyId, text, () => removeKeyFile(folder, keyId));
      }),
    problem: async () => {
      try {
        return (await read(false)).active === null ? 'the signing key in use is lost' : null;
      } catch {
        // Whoever asks is not signed in: the log of the key watcher says which file.
        return 'the signing keys cannot be read';
      }
    },
    refresh: async () => {
      await turn;
      const before = fingerprint(ring);
      take(await read(false));
      return fingerprint(ring) !== before;
    },
  };
}

const fingerprint = ({ keys, active }: KeyRing): string =>
  [active?.keyId ?? '', ...keys.map(({ keyId }) => keyId)].join(' ');
