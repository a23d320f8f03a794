import { DEFAULT_POLICY, type RepairPolicy } from '@piculus/repairs';
import type { NatsLogin } from '@piculus/client/nats';
import { EMBEDDED_POOL_SIZE } from '../shared/database.ts';
import { type Environment, secretIn, text, wholeNumber, yesNo } from '../shared/settings.ts';
import { NOT_FOUND_WINDOW_MS } from './ports/bank.ts';

export interface PbapConfig {
  /** Address of the Piculus server; null runs PBAP without a client. */
  readonly piculus: { readonly url: string; readonly systemKey: string; readonly serverKeys: string } | null;
  /** By which PBAP reaches the Piculus server in place of its address; null for the address. */
  readonly nats: { readonly servers: string; readonly login: NatsLogin } | null;
  readonly sysCode: string;
  readonly instance: string;
  readonly databaseUrl: string;
  readonly poolSize: number;
  readonly bankUrl: string;
  readonly bankTimeoutMs: number;
  /** How long after sending the bank may still answer NOT_FOUND to a number it has. */
  readonly bankNotFoundWindowMs: number;
  /** Whether this process takes callbacks and new orders, sends, and runs the timeout job. */
  readonly normalPath: boolean;
  readonly httpHost: string;
  /** 0 takes a free one. */
  readonly httpPort: number;
  readonly places: number;
  readonly policy: RepairPolicy;
}

/**
 * Reads PBAP's settings: PICULUS_URL, PICULUS_SYSTEM_KEY and PICULUS_SERVER_KEYS (all or none), SYS_CODE (PBAP), PBAP_INSTANCE
 * (1), PICULUS_NATS_URL with PICULUS_NATS_NKEY_FILE, or with PICULUS_NATS_USER and PICULUS_NATS_PASSWORD,
 * PBAP_DATABASE_URL and BANK_URL (must be set), PBAP_POOL_SIZE (4), BANK_TIMEOUT_MS (3000), BANK_NOT_FOUND_WINDOW_MS (5000),
 * PBAP_NORMAL_PATH (yes or no; no), PBAP_HTTP_HOST, PBAP_HTTP_PORT (0), PBAP_PLACES (16),
 * PBAP_RECHARGE_MIN_AGE_MS, PBAP_WITHDRAW_MIN_AGE_MS, PBAP_CONTINUE_MAX_AGE_MS.
 * @throws SettingError naming the setting.
 */
export function readPbapConfig(env: Environment): PbapConfig {
  const hasServer = (env.PICULUS_URL ?? '') !== '' || (env.PICULUS_SYSTEM_KEY ?? '') !== '';
  return {
    piculus: hasServer
      ? {
          url: text(env, 'PICULUS_URL'),
          systemKey: text(env, 'PICULUS_SYSTEM_KEY'),
          serverKeys: text(env, 'PICULUS_SERVER_KEYS'),
        }
      : null,
    nats:
      (env.PICULUS_NATS_URL ?? '') === ''
        ? null
        : {
            servers: text(env, 'PICULUS_NATS_URL'),
            login:
              (env.PICULUS_NATS_NKEY_FILE ?? '') === ''
                ? { user: text(env, 'PICULUS_NATS_USER'), password: text(env, 'PICULUS_NATS_PASSWORD') }
                : { nkey: secretIn(env, 'PICULUS_NATS_NKEY_FILE') },
          },
    sysCode: text(env, 'SYS_CODE', 'PBAP'),
    instance: text(env, 'PBAP_INSTANCE', '1'),
    databaseUrl: text(env, 'PBAP_DATABASE_URL'),
    poolSize: wholeNumber(env, 'PBAP_POOL_SIZE', EMBEDDED_POOL_SIZE, 100),
    bankUrl: text(env, 'BANK_URL'),
    bankTimeoutMs: wholeNumber(env, 'BANK_TIMEOUT_MS', 3_000, 60_000),
    bankNotFoundWindowMs: wholeNumber(env, 'BANK_NOT_FOUND_WINDOW_MS', NOT_FOUND_WINDOW_MS),
    normalPath: yesNo(env, 'PBAP_NORMAL_PATH', false),
    httpHost: text(env, 'PBAP_HTTP_HOST', '127.0.0.1'),
    httpPort: wholeNumber(env, 'PBAP_HTTP_PORT', 0, 65_535),
    places: wholeNumber(env, 'PBAP_PLACES', 16, 1_000),
    policy: {
      ...DEFAULT_POLICY,
      rechargeMinAgeMs: wholeNumber(env, 'PBAP_RECHARGE_MIN_AGE_MS', DEFAULT_POLICY.rechargeMinAgeMs),
      withdrawMinAgeMs: wholeNumber(env, 'PBAP_WITHDRAW_MIN_AGE_MS', DEFAULT_POLICY.withdrawMinAgeMs),
      continueWithdrawMaxAgeMs: wholeNumber(
        env,
        'PBAP_CONTINUE_MAX_AGE_MS',
        DEFAULT_POLICY.continueWithdrawMaxAgeMs,
      ),
    },
  };
}
