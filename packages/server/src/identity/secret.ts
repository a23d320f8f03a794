/** The server's own secret: signs sessions and seals recorded answers. Never a default, never one to be guessed. */
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { StartError } from '../start-error.ts';

export const SECRET_CHARACTERS_MIN = 32;
const SECRET_BITS_MIN = 128;
/** Hexadecimal digits at random have this many different ones among 32, but for one time in a million. */
const DIFFERENT_MIN = 8;
/** What stands in examples, in place of a secret. */
const SAMPLES =
  /change.?(?:me|this|it)|replace.?(?:me|this|with)|your.{0,12}(?:secret|key|token)|my.?secret|secret.?(?:key|here|value)|super.?secret|not.?(?:a|so).?secret|example|sample|default|placeholder|insert|fill.?in|lorem.?ipsum|password|passw0rd|correct.?horse|deadbeef|cafebabe|0123456789|1234567890|abcdefgh|zyxwvuts|qwertyui|asdfghjk|^test|^dev(?:elopment)?[-_]|piculus/i;

/**
 * What everybody could guess: no estimate can tell that a secret is good, but these are not.
 * @returns why it is refused, without the secret itself; null where nothing speaks against it.
 */
export function secretWeakness(secret: string): string | null {
  if (secret.length < SECRET_CHARACTERS_MIN)
    return `must have at least ${SECRET_CHARACTERS_MIN} characters, at random`;
  const sample = sampleIn(secret);
  if (sample !== null) return sample;
  if (isRepeated(secret))
    return 'repeats itself; make one at random, for instance by: openssl rand -base64 48';
  const different = new Set(secret).size;
  if (different < DIFFERENT_MIN || secret.length * Math.log2(alphabetOf(secret)) < SECRET_BITS_MIN)
    return `has fewer than ${SECRET_BITS_MIN} bits; make one at random, for instance by: openssl rand -base64 48`;
  return null;
}

/** Also for secrets that others make, of which nothing else can be asked. */
export function sampleIn(secret: string): string | null {
  return SAMPLES.test(secret) ? 'is one from an example; make one at random' : null;
}

/** Whether it is one short text again and again. */
function isRepeated(secret: string): boolean {
  for (let length = 1; length <= secret.length / 2; length += 1)
    if (
      secret ===
      secret
        .slice(0, length)
        .repeat(Math.ceil(secret.length / length))
        .slice(0, secret.length)
    )
      return true;
  return false;
}

function alphabetOf(secret: string): number {
  if (/^\d+$/.test(secret)) return 10;
  if (/^[\da-f]+$/i.test(secret)) return 16;
  if (/^[a-z]+$|^[A-Z]+$/.test(secret)) return 26;
  return /^[\da-z]+$|^[\dA-Z]+$/.test(secret) ? 36 : 62;
}

/**
 * Reads the secret of the data directory, and makes it at the first start.
 * @throws StartError where the file is there and holds no good secret, or others can read it; what the file system
 * throws where it cannot be read or written.
 */
export async function loadSecret(dataDir: string, clock: Clock): Promise<string> {
  const path = join(dataDir, 'secret');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      const secret = clock.bytes(48).toString('base64url');
      await file.writeFile(`${secret}\n`);
      await file.sync();
      return secret;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readSecret(path);
}

async function readSecret(path: string): Promise<string> {
  const refuse = (why: string): never => {
    throw new StartError('secret-unusable', `${path} ${why}`);
  };
  const { mode } = await stat(path);
  // Windows has no such modes.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    refuse('can be read by others than its owner; if nobody did, chmod it to 600');
  const secret = (await readFile(path, 'utf8')).trim();
  const weakness = secretWeakness(secret);
  if (weakness !== null)
    refuse(`${weakness}. Remove the file and a new one is made, which ends all sessions`);
  return secret;
}
