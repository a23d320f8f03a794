/**
 * Looks after collect commands that nobody works on: one whose client went silent is offered to the others, one
 * that no client can take fails with the reason instead of waiting for ever.
 */
import { helloSchema } from '@piculus/protocol';
import { abandonedBecause, EPOCHS_MAX } from '../collections/rules.ts';
import type { Context, Loop } from '../base/services.ts';
import { readClients } from '../store/clients.ts';
import * as commands from '../store/collect-commands.ts';
import { finishCollection } from '../store/collections.ts';
import { committed } from '../store/pool.ts';
import { FRESH_MS } from '../systems/index.ts';
import { createLoop } from './loop.ts';

export interface CollectRescuerOptions {
  readonly pollMs?: number;
  /** How long a command may be without any client before it fails. */
  readonly waitMs?: number;
}

export function createCollectRescuer(
  context: Context,
  { pollMs = 5_000, waitMs = 5 * 60_000 }: CollectRescuerOptions = {},
): Loop {
  return createLoop({
    ...context,
    name: 'collect-rescuer',
    wakeReason: null,
    pollMs,
    work: () => rescue(context, waitMs),
  });
}

async function rescue(context: Context, waitMs: number): Promise<void> {
  const { db, clock } = context;
  const at = clock.now();
  if (await commands.hasExpired(db, at)) context.wake.notify('collect');
  const since = new Date(at.getTime() - waitMs);
  for (const row of await commands.readAbandoned(db, at, since, EPOCHS_MAX)) {
    const reason = abandonedBecause(row, await connectedClients(context, row.sys_code, at));
    if (reason !== null) await failAbandoned(context, row, reason, at);
  }
}

async function connectedClients(
  context: Context,
  sysCode: string,
  at: Date,
): Promise<{ collectors: readonly string[] }[]> {
  const freshSince = new Date(at.getTime() - FRESH_MS);
  const rows = await readClients(context.db, { sysCode, freshSince, scope: 'all' });
  return rows.map((row) => helloSchema.parse(row.hello));
}

async function failAbandoned(
  context: Context,
  row: commands.CommandRow,
  reason: string,
  at: Date,
): Promise<void> {
  const failed = await committed(context, 'collect rescue', async (tx) => {
    const now = await commands.lockCommand(tx, row.id);
    // Somebody took it in the meantime.
    if (now === null || now.epoch !== row.epoch || now.finished_at !== null) return false;
    if (now.lease_expires_at !== null && now.lease_expires_at >= at) return false;
    await commands.endCommand(tx, row.id, { state: 'failed', reason, at });
    await finishCollection(tx, row.collection_id, at);
    return true;
  });
  if (!failed) return;
  context.log.warn({ commandId: row.id, sysCode: row.sys_code, reason }, 'collect failed');
  context.events.publish({
    topic: 'collections',
    sysCode: row.sys_code,
    ids: [row.collection_id],
    more: false,
  });
}
