import { type Environment, oneOf, text, wholeNumber } from '../shared/settings.ts';
import { DEFAULT_PROFILE, PROFILES } from './profile.ts';
import type { BankStartOptions } from './start.ts';

/**
 * Reads the bank's settings: BANK_DATABASE_URL (must be set), BANK_HOST, BANK_PORT (0: a free one),
 * BANK_PROFILE, BANK_SEED, BANK_CALLBACK_URL, BANK_SETTLE_DELAY_MS, BANK_LATE_MIN_MS, BANK_LATE_MAX_MS,
 * BANK_BAD_ANSWERS_MAX, BANK_SILENCE_MS.
 * @throws SettingError naming the setting.
 */
export function readBankConfig(env: Environment): BankStartOptions {
  const callbackUrl = env.BANK_CALLBACK_URL;
  return {
    databaseUrl: text(env, 'BANK_DATABASE_URL'),
    host: text(env, 'BANK_HOST', '127.0.0.1'),
    port: wholeNumber(env, 'BANK_PORT', 0, 65_535),
    profile: oneOf(env, 'BANK_PROFILE', PROFILES, DEFAULT_PROFILE.profile),
    seed: wholeNumber(env, 'BANK_SEED', DEFAULT_PROFILE.seed),
    settleDelayMs: wholeNumber(env, 'BANK_SETTLE_DELAY_MS', DEFAULT_PROFILE.settleDelayMs),
    lateMinMs: wholeNumber(env, 'BANK_LATE_MIN_MS', DEFAULT_PROFILE.lateMinMs),
    lateMaxMs: wholeNumber(env, 'BANK_LATE_MAX_MS', DEFAULT_PROFILE.lateMaxMs),
    badAnswersMax: wholeNumber(env, 'BANK_BAD_ANSWERS_MAX', DEFAULT_PROFILE.badAnswersMax),
    silenceMs: wholeNumber(env, 'BANK_SILENCE_MS', DEFAULT_PROFILE.silenceMs),
    ...(callbackUrl ? { callbackUrl } : {}),
  };
}
