/** Brings the database up to this build and makes the first user, as soon as the database is there. */
import { writeFile } from 'node:fs/promises';
import type { Context } from './base/services.ts';
import { createFirstUser } from './identity/index.ts';
import { isDatabaseAway } from './store/availability.ts';
import type { ServerConfig } from './config.ts';
import { prepareSchema } from './schema.ts';
import { isAppendOnly } from './store/rights.ts';

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 10_000;

export interface BringUpOptions extends Pick<ServerConfig, 'databaseUrl' | 'migrationDatabaseUrl'> {
  readonly signal: AbortSignal;
  /** Called as soon as the database answers, before anything is done there. */
  readonly reached?: () => Promise<void>;
  /** Where the first password is written, readable by its owner only. */
  readonly adminPasswordFile: string | null;
  /** Takes the place among the other nodes. */
  readonly join: () => Promise<void>;
}

/**
 * Tries again for as long as the database is away.
 * @returns the first user's one-time password where this call made that user.
 * @throws PiculusError `wrong-state` where the database belongs to another build; what else cannot be waited for.
 */
export async function bringUp(context: Context, options: BringUpOptions): Promise<string | null> {
  const { clock, db, log } = context;
  for (let attempt = 0; ; attempt += 1) {
    options.signal.throwIfAborted();
    try {
      await options.reached?.();
      const { applied, version } = await prepareSchema(db, options);
      if (applied.length > 0) log.info({ applied, version }, 'the database is migrated');
      if (options.databaseUrl !== null) await tellRights(context);
      await options.join();
      return await makeFirstUser(context, options.adminPasswordFile);
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      const waitMs = Math.min(RETRY_MS_MIN * 2 ** attempt, RETRY_MS_MAX) * (0.5 + clock.random() / 2);
      log.warn(
        { err: error, attempt: attempt + 1, waitMs: Math.round(waitMs) },
        'the database is away; trying again',
      );
      await clock.sleep(waitMs, options.signal);
    }
  }
}

async function tellRights({ db, log }: Context): Promise<void> {
  if (await isAppendOnly(db)) log.info('the acts, executions and reports can only be added to by this role');
  else
    log.warn(
      'this database role could change acts, executions and reports; give the server one that cannot: piculus migrate --print-grants',
    );
}

async function makeFirstUser(
  { db, clock, log }: Context,
  passwordFile: string | null,
): Promise<string | null> {
  const password = await createFirstUser(db, clock);
  if (password === null || passwordFile === null) return password;
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  } catch (error) {
    // The user is there already; whoever starts the server is told the password all the same.
    log.error({ err: error, passwordFile }, 'the first password could not be written to its file');
  }
  return password;
}
