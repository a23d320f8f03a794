/** The form of tokens, and what one may do: pure. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { TOKEN_VERBS, type Verb } from '@piculus/protocol';
import { inScope, type Scope } from '../base/access.ts';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_BYTES = 32;
/** As many digits of base 62 as 256 bits and 32 bits take. */
const SECRET_DIGITS = 43;
const CHECK_DIGITS = 6;
/** Of the secret; the rest keeps 232 bits. */
const SHOWN_DIGITS = 4;

const PREFIX = 'pic_';
/** Whoever looks for leaked secrets finds tokens by this, and tells them from a system's keys, which have another `_`. */
const TOKEN = /^pic_[0-9A-Za-z]{49}$/;

export interface MadeToken {
  readonly token: string;
  readonly prefix: string;
  readonly hash: Buffer;
}

export function makeToken(bytes: (count: number) => Buffer): MadeToken {
  const secret = inBase62(BigInt(`0x${bytes(SECRET_BYTES).toString('hex')}`), SECRET_DIGITS);
  const token = `${PREFIX}${secret}${checkOf(secret)}`;
  return { token, prefix: token.slice(0, PREFIX.length + SHOWN_DIGITS), hash: hashToken(token) };
}

/** By its sum a token that was mistyped or made up is refused before anybody asks the database. */
export function looksLikeToken(text: string): boolean {
  if (!TOKEN.test(text)) return false;
  const secret = text.slice(PREFIX.length, PREFIX.length + SECRET_DIGITS);
  return text.endsWith(checkOf(secret));
}

/** Finding a token by its hash tells an attacker nothing by its time: he cannot choose the hash. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

const checkOf = (secret: string): string => inBase62(BigInt(crc32(secret)), CHECK_DIGITS);

function inBase62(number: bigint, digits: number): string {
  let text = '';
  for (let left = number; text.length < digits; left /= 62n) text = (DIGITS[Number(left % 62n)] ?? '') + text;
  return text;
}

/** What a token was made for. */
export interface TokenScope {
  readonly verbs: readonly string[];
  /** Null: wherever the owner may. */
  readonly sysCodes: readonly string[] | null;
}

const ABLE: ReadonlySet<string> = new Set(TOKEN_VERBS);
const NOWHERE: Scope = new Set<string>();

/** @returns where the token allows each verb: what it was made for, as far as its owner may do it now. */
export function limitScope(owner: (verb: Verb) => Scope, token: TokenScope): (verb: Verb) => Scope {
  const verbs = new Set(token.verbs.filter((verb) => ABLE.has(verb)));
  return (verb) => {
    if (!verbs.has(verb)) return NOWHERE;
    const may = owner(verb);
    if (token.sysCodes === null) return may;
    return new Set(token.sysCodes.filter((sysCode) => inScope(may, sysCode)));
  };
}
