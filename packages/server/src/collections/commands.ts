/** What people, the cron and the dispatcher do with collections: start, cancel, hand out, take back. */
import { type CollectCommand, PiculusError } from '@piculus/protocol';
import { writeAudit } from '../audit/audit.ts';
import { type Caller, inScope, reach, requireThere } from '../base/access.ts';
import type { Collections, Context, Session } from '../base/services.ts';
import * as commands from '../store/collect-commands.ts';
import { finishCollection, insertCollection, readCollection } from '../store/collections.ts';
import type { Tx } from '../store/database.ts';
import { requireNewest } from '../store/fencing.ts';
import { committed } from '../store/pool.ts';
import { readSystems, type SystemRow } from '../store/systems.ts';
import { chooseCollectors, EPOCHS_MAX, windowFor } from './rules.ts';

export interface LeaseOptions {
  /** How long a client may be silent about its collect before another may take it over. */
  readonly leaseMs: number;
}

/** Starts a collection in the caller's transaction. @returns its id. */
export async function startCollection(
  context: Context,
  tx: Tx,
  input: Parameters<Collections['start']>[0],
  caller: Caller,
  trigger: 'click' | 'cron',
): Promise<string> {
  const { actor } = caller;
  const now = context.clock.now();
  const systems = await systemsFor(tx, input.sysCodes, caller);
  const windows = systems.map((system) => {
    const { from, to } = windowFor(input, Number(system.collect_window_ms), now);
    return { sysCode: system.sys_code, windowFrom: from, windowTo: to };
  });
  const times = (pick: (window: (typeof windows)[number]) => Date): number[] =>
    windows.map((window) => pick(window).getTime());
  const id = await insertCollection(tx, {
    trigger,
    requestedBy: actor,
    windowFrom: new Date(Math.min(...times(({ windowFrom }) => windowFrom))),
    windowTo: new Date(Math.max(...times(({ windowTo }) => windowTo))),
    createdAt: now,
  });
  const fixCodes = [...new Set(input.fixCodes ?? [])];
  await commands.insertCommands(tx, id, { fixCodes, createdAt: now }, windows);
  const detail = { ...input, trigger, systems: systems.map((system) => system.sys_code) };
  await writeAudit(tx, { at: now, actor, act: 'start-collection', target: `collection:${id}`, detail });
  return id;
}

/**
 * @throws PiculusError where a system is unknown, out of the caller's sight or disabled, or none is enabled;
 * `not-allowed` where the caller sees it and may not collect there.
 */
async function systemsFor(
  tx: Tx,
  sysCodes: readonly string[] | undefined,
  caller: Caller,
): Promise<SystemRow[]> {
  const asked = sysCodes === undefined ? undefined : [...new Set(sysCodes)];
  const collect = reach(caller, 'collect');
  const view = caller.scope('view');
  const found = (await readSystems(tx, asked)).filter((system) => inScope(view, system.sys_code));
  if (asked === undefined) {
    const enabled = found.filter((system) => system.enabled && inScope(collect, system.sys_code));
    if (enabled.length === 0)
      throw new PiculusError('wrong-state', 'no system is enabled, so there is nothing to collect');
    return enabled;
  }
  const unknown = asked.filter((sysCode) => !found.some((system) => system.sys_code === sysCode));
  if (unknown.length > 0) {
    const names = unknown.join(', ');
    const reason = { en: `there is no system ${names}`, zh: `系统 ${names} 不存在` };
    throw new PiculusError('invalid-field', undefined, [{ field: 'sysCodes', reason }]);
  }
  for (const { sys_code } of found) requireThere(caller, 'collect', sys_code);
  const disabled = found.filter((system) => !system.enabled).map((system) => system.sys_code);
  if (disabled.length > 0) throw new PiculusError('wrong-state', `disabled: ${disabled.join(', ')}`);
  return found;
}

export interface Cancelled {
  readonly sysCodes: readonly string[];
  readonly running: { commandId: string; clientId: string }[];
}

/**
 * Cancels what has not ended, in the systems where the caller may collect.
 * @throws PiculusError `not-found`, `not-allowed`, `wrong-state`.
 */
export function cancelCollection(context: Context, id: string, caller: Caller): Promise<Cancelled> {
  const { actor } = caller;
  const view = caller.scope('view');
  const collect = reach(caller, 'collect');
  return committed(context, 'act', async (tx) => {
    if (!(await readCollection(tx, id, view)))
      throw new PiculusError('not-found', `there is no collection ${id}`);
    if (!(await readCollection(tx, id, collect)))
      throw new PiculusError('not-allowed', 'this needs the permission to collect');
    const open = await commands.lockOpenCommands(tx, id, collect);
    if (open.length === 0) throw new PiculusError('wrong-state', 'the collection has ended already');
    const at = context.clock.now();
    for (const { id: commandId } of open) {
      await commands.endCommand(tx, commandId, { state: 'cancelled', reason: `cancelled by ${actor}`, at });
    }
    await finishCollection(tx, id, at);
    const detail = { commands: open.map((command) => command.id) };
    await writeAudit(tx, { at, actor, act: 'cancel-collection', target: `collection:${id}`, detail });
    return {
      sysCodes: open.map((command) => command.sys_code),
      running: open.flatMap((command) =>
        command.state === 'running' && command.client_id !== null
          ? [{ commandId: command.id, clientId: command.client_id }]
          : [],
      ),
    };
  });
}

/** Gives this session a command that nobody works on, under a new epoch; null where there is none for it. */
export async function claimCommand(
  context: Context,
  session: Session,
  { leaseMs }: LeaseOptions,
): Promise<CollectCommand | null> {
  if (session.collectors.size === 0) return null;
  return committed(context, 'collect claim', async (tx) => {
    await requireNewest(tx, session.clientId, session.connection ?? null);
    const at = context.clock.now();
    const row = await commands.lockClaimable(tx, {
      sysCode: session.sysCode,
      clientId: session.clientId,
      collectors: [...session.collectors],
      at,
      epochsMax: EPOCHS_MAX,
    });
    if (!row) return null;
    const { fixCodes } = chooseCollectors(row.fix_codes, session.collectors);
    const epoch = await commands.startCommand(tx, row.id, {
      clientId: session.clientId,
      clientVersion: session.clientVersion,
      connection: session.connection ?? null,
      at,
      leaseExpiresAt: new Date(at.getTime() + leaseMs),
    });
    return {
      commandId: row.id,
      collectionId: row.collection_id,
      epoch,
      fixCodes,
      windowFrom: row.window_from.toISOString(),
      windowTo: row.window_to.toISOString(),
    };
  });
}
