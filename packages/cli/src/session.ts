/** The stored sign-in: one server address and its session token, readable by this user alone. */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readJsonObject, textField } from './read-json.ts';

export interface StoredSession {
  readonly url: string;
  readonly username: string;
  readonly token: string;
}

/** @returns the session, or null where none is stored or the file is not one of ours. */
export async function readSession(file: string): Promise<StoredSession | null> {
  const fields = readJsonObject(await readFile(file, 'utf8').catch(() => ''));
  const url = textField(fields, 'url');
  const username = textField(fields, 'username');
  const token = textField(fields, 'token');
  return url === null || username === null || token === null ? null : { url, username, token };
}

export async function writeSession(file: string, session: StoredSession): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, `${JSON.stringify(session)}\n`, { mode: 0o600 });
  // The mode above counts only for a new file.
  await chmod(file, 0o600);
}

export async function forgetSession(file: string): Promise<boolean> {
  try {
    await rm(file);
    return true;
  } catch {
    return false;
  }
}
