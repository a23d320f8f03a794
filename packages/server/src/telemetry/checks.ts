/** What has to hold for this node to do its work. */
import { PiculusError } from '@piculus/protocol';
import type { Context } from '../base/services.ts';
import type { GatewayTransport } from '../gateway/transport.ts';
import type { ServerKeys } from '../keys/index.ts';
import { isDatabaseAway } from '../store/availability.ts';
import { createSchemaQuestion } from '../store/schema-question.ts';
import type { LoopWatch } from './loop-watch.ts';
import type { ReadinessCheck } from './readiness.ts';

/** Older than this, what is known of the database's time is not enough. */
const CLOCK_MS_MAX = 60_000;

export interface CheckParts {
  readonly context: Pick<Context, 'db' | 'clock'>;
  readonly keys: Pick<ServerKeys, 'problem'>;
  readonly transports: readonly GatewayTransport[];
  readonly loops: LoopWatch;
  readonly host: { checkOpen(): void };
}

export function nodeChecks(parts: CheckParts): readonly ReadinessCheck[] {
  const { context, keys, transports, loops } = parts;
  const missingMigrations = createSchemaQuestion(context.db);
  return [
    { name: 'open', find: () => whyClosed(parts.host) },
    // One question for both: that the database answers, and that it is one of ours.
    { name: 'database', find: () => databaseAnswers(missingMigrations) },
    { name: 'clock', find: () => whyUntimely(context.clock) },
    { name: 'signing-key', find: () => keys.problem() },
    {
      name: 'clients',
      find: () =>
        transports.some(({ ready }) => ready)
          ? null
          : `clients cannot come in: ${transports.map(({ name }) => name).join(', ')}`,
    },
    {
      name: 'loops',
      find: () => {
        const stuck = loops.stuck();
        return stuck.length === 0 ? null : `no end of a round: ${stuck.join(', ')}`;
      },
    },
  ];
}

/** The node is leaving, or its database was never there yet. */
function whyClosed(host: CheckParts['host']): string | null {
  try {
    host.checkOpen();
    return null;
  } catch (error) {
    if (error instanceof PiculusError) return error.message;
    throw error;
  }
}

function whyUntimely(clock: Context['clock']): string | null {
  const standing = clock.standing?.();
  if (standing === undefined) return null;
  const { measuredAgoMs: agoMs } = standing;
  if (agoMs !== null && agoMs < CLOCK_MS_MAX) return null;
  return agoMs === null ? 'the time of the database is not known' : `the database's time is ${agoMs} ms old`;
}

async function databaseAnswers(missingMigrations: () => Promise<string[]>): Promise<string | null> {
  try {
    const missing = await missingMigrations();
    return missing.length === 0 ? null : `its schema lacks ${missing.join(', ')}`;
  } catch (error) {
    if (isDatabaseAway(error)) return 'it cannot be reached';
    throw error;
  }
}
