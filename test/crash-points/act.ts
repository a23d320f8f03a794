/** One act after which a server dies, and what most of them need. */
import { randomBytes } from 'node:crypto';
import type { LimitSettings } from '@piculus/protocol/http';
import type { RARE_COMMITS } from '../../packages/server/src/base/steps.ts';
import { ONCE_A_YEAR, SYSTEM, type World } from './world.ts';

/** Also those commits of the ordinary way in which, seldom, more is written than usual. */
type RareCommit = (typeof RARE_COMMITS)[number] | 'fix claim';

export interface Act {
  readonly name: string;
  readonly commit: RareCommit;
  /** A query of how often it was done: one number. */
  readonly done: string;
  /** What the acts call it; null for what is nobody's act. */
  readonly act: string | null;
  /** It happens by itself where there is an occasion, again after a crash: at once where it says so, or soon. */
  readonly byItself?: 'soon' | 'at the start';
  /** Makes what it needs. @returns the deed itself, or what gives the occasion. */
  prepare(world: World): Promise<() => Promise<unknown>>;
}

export const REASON = 'because';
export const reason = { reason: REASON };
export const manual = {
  sysCode: SYSTEM,
  maxRetries: 0,
  retryCron: ONCE_A_YEAR,
  executionMode: 'manual',
} as const;
export const newCode = (): string => `madeForATest${randomBytes(6).toString('hex')}`;

/** Past what the tables refuse: time that passes is no statement. */
export async function timePasses({ piculus }: World, statement: string): Promise<void> {
  const client = await piculus.connect();
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    await client.query(statement);
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** A person lets go on what a person stopped or a breaker. */
export async function resumeAll({ requester }: World): Promise<void> {
  const { items } = await requester.listHalts({ query: { open: true } });
  for (const { id, kind } of items)
    if (kind !== 'limit') await requester.resume({ params: { id }, body: reason });
}

/** Of the whole system. What is not said is not limited. */
export async function setLimits({ requester }: World, change: Partial<LimitSettings>): Promise<void> {
  const { items } = await requester.listLimits();
  const version = items.find((row) => row.sysCode === SYSTEM && row.fixCode === null)?.version ?? 0;
  const settings = { executionsPerHour: null, amountsPerHour: [], breaker: null, canary: 0, ...change };
  await requester.setLimits({ body: { sysCode: SYSTEM, fixCode: null, version, settings, ...reason } });
}
