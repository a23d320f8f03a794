/** Reading values of options; every refusal names the value and says what is expected. */
import { InvalidArgumentError } from 'commander';

/** `A,B` and a repeated option add up to one list. */
export function list(value: string, before: readonly string[] = []): string[] {
  const parts = value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) throw new InvalidArgumentError('expected one or more values, separated by commas');
  return [...before, ...parts];
}

export function wholeNumber(from: number, to: number): (value: string) => number {
  return (value) => {
    const number = /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= from && number <= to)) {
      throw new InvalidArgumentError(`expected a whole number from ${from} to ${to}`);
    }
    return number;
  };
}

export interface GivenGrant {
  readonly role: string;
  readonly sysCode: string | null;
}

/** `operator@PBAP` for one system, `viewer` for all; repeated options add up. */
export function grant(value: string, before: readonly GivenGrant[] = []): GivenGrant[] {
  const [, role, sysCode] = /^([^@]+)(?:@([A-Z][A-Z0-9_-]{0,31}))?$/.exec(value.trim()) ?? [];
  if (role === undefined)
    throw new InvalidArgumentError(
      'expected ROLE for all systems or ROLE@SYSTEM, for instance operator@PBAP',
    );
  return [...before, { role: role.trim(), sysCode: sysCode ?? null }];
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time with its offset, or how long ago: `90m`, `12h`, `3d`. @returns ISO 8601 UTC. */
export function time(now: () => number): (value: string) => string {
  return (value) => {
    const ago = /^([0-9]{1,4})([mhd])$/.exec(value);
    if (ago) return new Date(now() - Number(ago[1]) * (UNIT_MS[ago[2] ?? ''] ?? 0)).toISOString();
    const absolute = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(value)
      ? Date.parse(value)
      : Number.NaN;
    if (Number.isNaN(absolute)) {
      throw new InvalidArgumentError(
        'expected a time with its offset, for instance 2026-11-20T08:00:00+08:00, or how long ago: 90m, 12h, 3d',
      );
    }
    return new Date(absolute).toISOString();
  };
}

export function httpUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new InvalidArgumentError('expected an http or https address, for instance http://127.0.0.1:7070');
  }
  return value.replace(/\/+$/, '');
}
