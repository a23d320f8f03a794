/** Passwords: argon2id with the library's defaults (19 MiB, two passes), about 15 ms each; and which are refused. */
import { hash, verify } from '@node-rs/argon2';
import type { FieldError } from '@piculus/protocol';
import { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from '@piculus/protocol/http';
import type { Clock } from '../base/clock.ts';

export { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN };

/** How passwords are kept; a test that tries thousands takes a cheaper one. */
export interface Hashing {
  hash(password: string): Promise<string>;
  verify(passwordHash: string, password: string): Promise<boolean>;
}

export const ARGON2ID: Hashing = {
  hash: (password) => hash(password),
  verify: (passwordHash, password) => verify(passwordHash, password),
};

/** As given, and tells how long each took: under load most of it is the wait for a thread of the process. */
export function timedHashing(hashing: Hashing, clock: Clock, tookMs: (ms: number) => void): Hashing {
  async function timed<T>(work: () => Promise<T>): Promise<T> {
    const begunAt = clock.now().getTime();
    try {
      return await work();
    } finally {
      tookMs(clock.now().getTime() - begunAt);
    }
  }
  return {
    hash: (password) => timed(() => hashing.hash(password)),
    verify: (passwordHash, password) => timed(() => hashing.verify(passwordHash, password)),
  };
}

/** A password of 144 random bits for a first sign-in, in characters that a person can copy. */
export function randomPassword(clock: Clock): string {
  return clock.bytes(18).toString('base64url');
}

/** What people make long passwords of when they have to. */
const COMMON_WORDS = (
  'administrator administrateur adminadmin admin root superuser operator manager user username guest test tester ' +
  'testing demo default changeme change password passwort passw pass pwd word secret secure security login signin ' +
  'letmein welcome hello hallo bonjour welkom iloveyou ilove lovely love you me my mine our your the is this it ' +
  'please qwerty qwertz azerty asdf zxcv keyboard computer internet server database system network company office ' +
  'bank banking payment piculus money monkey dragon tiger panda football baseball basketball soccer hockey master ' +
  'sunshine princess shadow superman batman starwars pokemon freedom whatever trustno michael jordan jessica ' +
  'ashley charlie daniel thomas andrew joshua summer winter spring autumn january february march april june july ' +
  'august september october november december monday tuesday wednesday thursday friday saturday sunday china ' +
  'beijing shanghai shenzhen london paris newyork mima woaini aini nihao zhongguo yonghu guanliyuan ceshi new old ' +
  'abc xyz'
)
  .split(' ')
  .sort((a, b) => b.length - a.length);

const ROWS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm',
];
const RUNS = [...ROWS, ...ROWS.map((row) => [...row].reverse().join(''))];
const RUN_MIN = 4;

/** @returns why this password is refused, in both languages; null where nothing speaks against it. */
export function weakness(
  password: string,
  { field, username }: { readonly field: string; readonly username: string },
): FieldError | null {
  const said = (en: string, zh: string): FieldError => ({ field, reason: { en, zh } });
  if (password.length < PASSWORD_LENGTH_MIN)
    return said(`needs at least ${PASSWORD_LENGTH_MIN} characters`, `至少需要 ${PASSWORD_LENGTH_MIN} 个字符`);
  if (password.length > PASSWORD_LENGTH_MAX)
    return said(`takes at most ${PASSWORD_LENGTH_MAX} characters`, `最多 ${PASSWORD_LENGTH_MAX} 个字符`);
  const plain = password.toLowerCase();
  if (plain.includes(username.toLowerCase())) return said('must not contain the user name', '不能包含用户名');
  if (isCommon(plain)) return said('is among the first that anybody would try', '过于常见，容易被猜到');
  return null;
}

/** Whether little is left when what everybody would try is taken away. */
function isCommon(plain: string): boolean {
  if (new Set(plain).size < 5) return true;
  const read = plain.replaceAll('@', 'a').replaceAll('$', 's').replaceAll('0', 'o').replaceAll('3', 'e');
  return [plain, read, read.replaceAll('1', 'i'), read.replaceAll('1', 'l')].some((one) => {
    const left = withoutWords(withoutRuns(one));
    // Digits and signs after a word are what people add when they are asked to.
    return left !== one && left.replace(/[^\p{L}]/gu, '').length < 3 && left.length < 9;
  });
}

function withoutWords(text: string): string {
  let left = text;
  for (const word of COMMON_WORDS) left = left.replaceAll(word, ' ');
  return left.replaceAll(' ', '');
}

/** Takes away what lies in a row on the keyboard or in the alphabet. */
function withoutRuns(text: string): string {
  let left = '';
  for (let at = 0; at < text.length; ) {
    const length = runAt(text, at);
    if (length < RUN_MIN) left += text[at];
    at += length < RUN_MIN ? 1 : length;
  }
  return left;
}

function runAt(text: string, at: number): number {
  let length = RUN_MIN;
  if (at + length > text.length) return 0;
  while (at + length <= text.length && RUNS.some((row) => row.includes(text.slice(at, at + length))))
    length += 1;
  return length - 1;
}
