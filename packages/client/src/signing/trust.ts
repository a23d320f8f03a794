/**
 * Which commands are surely the server's. Everything that makes a fix run is checked here before any code of the
 * program sees it: signed by a pinned key, for this system and this very process, unchanged, and in time.
 */
import {
  type FixCommand,
  PiculusError,
  type ServerKeysNews,
  type ServerMessageBody,
} from '@piculus/protocol';
import {
  type Audience,
  fixBytes,
  fixItemBytes,
  isSignedBy,
  previewBytes,
  readServerKey,
  revealBytes,
  type ServerKey,
  serverKeysBytes,
} from '@piculus/protocol/signing';
import type { Clock } from '../clock.ts';

export interface TrustOptions {
  readonly serverKeys: readonly ServerKey[];
  readonly followRotation: boolean;
  /** The system that the key was made for; null where the key does not say. */
  readonly sysCode: string | null;
  readonly clientId: string;
  readonly clock: Clock;
}

interface Signed {
  readonly notBefore?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly signature?: string | undefined;
  readonly keyId?: string | undefined;
}

/** How far the clocks of server and client may be apart. */
const CLOCKS_APART_MS = 60_000;
/** A key that the server gave up is trusted for as long as a command signed by it may still be on its way. */
const LEAVING_MS = 10 * 60_000;

export class Trust {
  readonly #options: TrustOptions;
  readonly #pinned: ReadonlyMap<string, ServerKey>;
  /** Keys that a trusted key vouched for, with the time until which they are trusted; null without end. */
  readonly #followed = new Map<string, { key: ServerKey; untilMs: number | null }>();
  #welcomeSystem = '';

  constructor(options: TrustOptions) {
    this.#options = options;
    this.#pinned = new Map(options.serverKeys.map((key) => [key.keyId, key]));
  }

  /** What the server says counts only where the system key itself does not tell. */
  welcomed(sysCode: string): void {
    this.#welcomeSystem = sysCode;
  }

  /** @throws PiculusError one of the `command-…` codes; then none of the items may be executed. */
  fix(command: FixCommand): void {
    if (command.signature !== undefined) {
      this.#check(command, (audience) => fixBytes(audience, command));
      return;
    }
    for (const item of command.items) this.#check(item, (audience) => fixItemBytes(audience, command, item));
  }

  /** @throws PiculusError one of the `command-…` codes. */
  preview(request: ServerMessageBody<'preview'>): void {
    this.#check(request, (audience) => previewBytes(audience, request));
  }

  /** @throws PiculusError one of the `command-…` codes. */
  reveal(request: ServerMessageBody<'reveal'>): void {
    this.#check(request, (audience) => revealBytes(audience, request));
  }

  /**
   * The server tells its keys. Where the client is to follow, those become trusted, and those that are gone are
   * trusted for a little while only.
   * @returns keys that are told and not trusted.
   * @throws PiculusError `command-…` where no trusted key vouches for them.
   */
  announced(news: ServerKeysNews): readonly ServerKey[] {
    const vouched = news.signatures.filter(({ keyId }) => this.#trusted(keyId) !== null);
    if (vouched.length === 0)
      throw new PiculusError('command-key-unknown', 'no trusted key vouches for the keys');
    for (const { keyId, signature } of vouched) {
      this.#check({ ...news, keyId, signature }, (audience) => serverKeysBytes(audience, news));
    }
    const keys = news.keys.map(readKey);
    if (this.#options.followRotation) this.#follow(keys);
    return keys.filter(({ keyId }) => this.#trusted(keyId) === null);
  }

  #follow(keys: readonly ServerKey[]): void {
    const now = this.#options.clock.elapsedMs();
    const leavesAt = now + LEAVING_MS;
    const told = new Set(keys.map(({ keyId }) => keyId));
    for (const [keyId, { key, untilMs }] of this.#followed) {
      if (!told.has(keyId)) this.#followed.set(keyId, { key, untilMs: untilMs ?? leavesAt });
      if ((untilMs ?? leavesAt) < now) this.#followed.delete(keyId);
    }
    for (const key of keys)
      if (!this.#pinned.has(key.keyId)) this.#followed.set(key.keyId, { key, untilMs: null });
  }

  #check(
    { notBefore, expiresAt, signature, keyId }: Signed,
    bytes: (audience: Audience) => Uint8Array,
  ): void {
    if (signature === undefined || keyId === undefined || notBefore === undefined || expiresAt === undefined)
      throw new PiculusError('command-unsigned');
    const key = this.#trusted(keyId);
    if (key === null)
      throw new PiculusError('command-key-unknown', 'the key that signed is not one of serverKeys');
    const { clientId, sysCode } = this.#options;
    if (!isSignedBy(key, bytes({ sysCode: sysCode ?? this.#welcomeSystem, clientId }), signature))
      throw new PiculusError('command-forged');
    if (Date.parse(notBefore) > this.#nowMs() + CLOCKS_APART_MS) throw new PiculusError('command-too-early');
    // Said the other way round, a time that cannot be read has expired.
    if (!(Date.parse(expiresAt) >= this.#nowMs() - CLOCKS_APART_MS))
      throw new PiculusError('command-expired');
  }

  #trusted(keyId: string): ServerKey | null {
    const followed = this.#followed.get(keyId);
    const now = this.#options.clock.elapsedMs();
    const stands = followed !== undefined && (followed.untilMs ?? Number.POSITIVE_INFINITY) >= now;
    return this.#pinned.get(keyId) ?? (stands ? followed.key : null);
  }

  #nowMs(): number {
    return this.#options.clock.now().getTime();
  }
}

function readKey(text: string): ServerKey {
  try {
    return readServerKey(text);
  } catch {
    throw new PiculusError('invalid-field', 'keys: not a key of a server');
  }
}
