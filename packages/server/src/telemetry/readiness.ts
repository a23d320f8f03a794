/**
 * Whether this node can do its work, check by check. A balancer takes a node out while one of them fails; a person
 * reads which.
 */
import { type ErrorCode, PiculusError } from '@piculus/protocol';
import type { Clock } from '../base/clock.ts';

export interface ReadinessCheck {
  readonly name: string;
  /** @returns null where it holds; otherwise why not, in a few words without anything secret. */
  readonly find: () => Promise<string | null> | string | null;
}

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  /** Empty where it holds. */
  readonly detail: string;
}

export interface Readiness {
  /** All checks at once. Those that do not answer in time fail. */
  check(): Promise<readonly CheckResult[]>;
}

/** What the whole answer is called where one of these fails; otherwise `not-ready`. The first that holds counts. */
const CODES: readonly (readonly [string, ErrorCode])[] = [
  ['database', 'database-away'],
  ['open', 'stopping'],
];

/** @throws PiculusError with a field for each check that fails. @returns all checks where none does. */
export async function readyOrRefuse(readiness: Readiness): Promise<CheckResult[]> {
  const checks = await readiness.check();
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length === 0) return [...checks];
  const names = new Set(failed.map(({ name }) => name));
  const code = CODES.find(([name]) => names.has(name))?.[1] ?? 'not-ready';
  const detail = failed.map(({ name, detail: why }) => `${name}: ${why}`).join('; ');
  throw new PiculusError(
    code,
    detail,
    failed.map(({ name, detail: why }) => ({ field: name, reason: { en: why, zh: why } })),
  );
}

/** A node that cannot say within this whether it works does not. */
const CHECK_MS = 2_000;

export function createReadiness(
  clock: Pick<Clock, 'sleep'>,
  checks: () => readonly ReadinessCheck[],
  checkMs = CHECK_MS,
): Readiness {
  return { check: () => Promise.all(checks().map((check) => runCheck(clock, check, checkMs))) };
}

async function runCheck(
  clock: Pick<Clock, 'sleep'>,
  { name, find }: ReadinessCheck,
  checkMs: number,
): Promise<CheckResult> {
  const done = new AbortController();
  const late = clock.sleep(checkMs, done.signal).then(() => `no answer within ${checkMs} ms`);
  const found = Promise.resolve()
    .then(find)
    // Whoever asks is not signed in, and what went wrong inside is not for them.
    .catch(() => 'the check itself failed');
  const detail = await Promise.race([found, late]);
  done.abort();
  return { name, ok: detail === null, detail: detail ?? '' };
}
