/** Registers the demo's systems and solutions with the server, as a person would over the HTTP API. */
import { readFile } from 'node:fs/promises';
import { type ApiClient, ApiError, solutionInputSchema } from '@piculus/protocol/http';
import { z } from 'zod';
import type { DemoOptions, SystemCode } from './options.ts';
import type { DemoServer } from './server.ts';

/** Quicker than the seed's ten minutes, so that somebody who watches sees something. */
const DEMO_RETRY_CRON = '0/2 * * * * ?';
const DEMO_COLLECT_CRON = '0 * * * * ?';
const NAMES: Readonly<Record<SystemCode, string>> = {
  PBAP: 'Payment business, production A',
  PBMS: 'Payment business, production M',
};

const fileSchema = z.object({ solutions: z.array(solutionInputSchema).min(1) });

/** @returns the system's key for its clients. What a person changed since the first start stays as it is. */
export async function registerSystem(
  server: DemoServer,
  sysCode: SystemCode,
  { once, manual }: Pick<DemoOptions, 'once' | 'manual'>,
): Promise<string> {
  const key = await systemKey(server, sysCode, !once);
  const text = await readFile(new URL('../../solutions.json', import.meta.url), 'utf8');
  for (const solution of fileSchema.parse(JSON.parse(text)).solutions) {
    await unlessPresent(() =>
      server.api.createSolution({
        body: {
          ...solution,
          sysCode,
          retryCron: DEMO_RETRY_CRON,
          ...(manual ? { executionMode: 'manual' } : {}),
        },
      }),
    );
  }
  return key;
}

async function systemKey(
  { api, credentials }: DemoServer,
  sysCode: SystemCode,
  onCron: boolean,
): Promise<string> {
  const kept = credentials.key(sysCode);
  if (kept !== undefined) return kept;
  const collectCron = onCron ? DEMO_COLLECT_CRON : null;
  const made = await unlessPresent(() =>
    api.createSystem({ body: { sysCode, name: NAMES[sysCode], collectCron } }),
  );
  const key = made?.key ?? (await anotherKey(api, sysCode));
  await credentials.keep(sysCode, key);
  return key;
}

/** A start that was cut between making the system and keeping its key. */
async function anotherKey(api: ApiClient, sysCode: SystemCode): Promise<string> {
  return (await api.createSystemKey({ params: { sysCode } })).key;
}

async function unlessPresent<T>(make: () => Promise<T>): Promise<T | null> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof ApiError && error.code === 'already-exists') return null;
    throw error;
  }
}
