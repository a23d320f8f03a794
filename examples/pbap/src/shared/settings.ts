/** Reads settings from an environment, refusing what is missing or wrong by its name. */
import { readFileSync } from 'node:fs';

export class SettingError extends Error {
  override readonly name = 'SettingError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function text(env: Environment, name: string, fallback?: string): string {
  const value = env[name] ?? fallback;
  if (value === undefined || value === '') throw new SettingError(`${name} must be set`);
  return value;
}

/** @returns what the file that the setting names holds, without spaces around it. */
export function secretIn(env: Environment, name: string): string {
  const path = text(env, name);
  try {
    const content = readFileSync(path, 'utf8').trim();
    if (content !== '') return content;
  } catch {
    throw new SettingError(`${name} cannot be read: ${path}`);
  }
  throw new SettingError(`${name} names an empty file`);
}

export function wholeNumber(env: Environment, name: string, fallback: number, max = 2_147_483_647): number {
  const value = env[name];
  if (value === undefined || value === '') return fallback;
  if (!/^[0-9]{1,10}$/.test(value) || Number(value) > max) {
    throw new SettingError(`${name} must be a whole number from 0 to ${max}, not "${value}"`);
  }
  return Number(value);
}

export function oneOf<T extends string>(
  env: Environment,
  name: string,
  allowed: readonly T[],
  fallback: T,
): T {
  const value = env[name];
  if (value === undefined || value === '') return fallback;
  const found = allowed.find((word) => word === value);
  if (found === undefined)
    throw new SettingError(`${name} must be one of ${allowed.join(', ')}, not "${value}"`);
  return found;
}

export function yesNo(env: Environment, name: string, fallback: boolean): boolean {
  return oneOf(env, name, ['yes', 'no'], fallback ? 'yes' : 'no') === 'yes';
}
