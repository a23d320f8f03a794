/** Puts the bank together: pool, schema, HTTP door, background work; and takes it apart in the right order. */
import { type Clock, systemClock } from '../shared/clock.ts';
import { createPool } from '../shared/database.ts';
import { type Log, reasonOf, silentLog } from '../shared/log.ts';
import { startBackground } from './background.ts';
import { type Bank, createBank } from './bank.ts';
import { createBankHttp } from './http.ts';
import { migrateBank } from './migrate.ts';
import { createBehaviour, DEFAULT_PROFILE, type ProfileOptions } from './profile.ts';

export interface BankStartOptions extends Partial<ProfileOptions> {
  readonly databaseUrl: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Told the end of requests that named no callback of their own. */
  readonly callbackUrl?: string;
  readonly clock?: Clock;
  readonly log?: Log;
}

export interface RunningBank {
  readonly url: string;
  /** The bank without its HTTP door, for acts that no merchant may ask for. */
  readonly bank: Bank;
  stop(): Promise<void>;
}

/** @throws ForeignSchemaError, or the error of a database or port that cannot be had. */
export async function startBank(options: BankStartOptions): Promise<RunningBank> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLog;
  const { databaseUrl, port = 0, host = '127.0.0.1', callbackUrl } = options;
  const profile = withDefaults(options);
  const pool = createPool({
    url: databaseUrl,
    name: 'piculus-example-bank',
    onIdleError: (error) => log.warn('an idle connection broke', { reason: reasonOf(error) }),
  });
  const stopping = new AbortController();
  try {
    await migrateBank(pool);
    const behaviour = createBehaviour(profile);
    const bank = createBank({ pool, clock, behaviour, callbackUrl });
    const background = startBackground({ bank, pool, clock, log });
    const app = createBankHttp({
      bank,
      behaviour,
      silenceMs: profile.silenceMs,
      clock,
      log,
      stopping: stopping.signal,
      onSubmitted: () => background.wake(),
    });
    let stopped: Promise<void> | null = null;
    const close = async (): Promise<void> => {
      stopping.abort();
      await app.close();
      await background.stop();
      await pool.end();
    };
    const stop = (): Promise<void> => {
      stopped ??= close();
      return stopped;
    };
    try {
      const url = await app.listen({ port, host });
      return { url, bank, stop };
    } catch (error) {
      await background.stop();
      throw error;
    }
  } catch (error) {
    await pool.end();
    throw error;
  }
}

function withDefaults(options: Partial<ProfileOptions>): ProfileOptions {
  return {
    profile: options.profile ?? DEFAULT_PROFILE.profile,
    seed: options.seed ?? DEFAULT_PROFILE.seed,
    settleDelayMs: options.settleDelayMs ?? DEFAULT_PROFILE.settleDelayMs,
    lateMinMs: options.lateMinMs ?? DEFAULT_PROFILE.lateMinMs,
    lateMaxMs: options.lateMaxMs ?? DEFAULT_PROFILE.lateMaxMs,
    badAnswersMax: options.badAnswersMax ?? DEFAULT_PROFILE.badAnswersMax,
    silenceMs: options.silenceMs ?? DEFAULT_PROFILE.silenceMs,
  };
}
