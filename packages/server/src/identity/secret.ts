/** The server's own secret: signs sessions and seals recorded answers. Never a default. */
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';

export const SECRET_CHARACTERS_MIN = 32;

/**
 * Reads the secret of the data directory, and makes it at the first start.
 * @throws Error where the file is there and holds no secret, or cannot be read or written.
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
  const secret = (await readFile(path, 'utf8')).trim();
  if (secret.length < SECRET_CHARACTERS_MIN) {
    throw new Error(`${path} holds no secret; remove the file to make a new one, which ends all sessions`);
  }
  return secret;
}
