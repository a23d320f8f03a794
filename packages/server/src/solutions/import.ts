/** Many solutions at once, for instance from another installation: all are stored or none. */
import { type FieldError, PiculusError } from '@piculus/protocol';
import type { RouteBody, RouteResponse, SolutionInput } from '@piculus/protocol/http';
import { type Approved, requireSecond } from '../approvals/gate.ts';
import { onlySafer } from '../approvals/rules.ts';
import { type Caller, inScope, reach, type Scope } from '../base/access.ts';
import type { Done } from '../base/done.ts';
import type { Actor, Context } from '../base/services.ts';
import { announceDropped } from '../bulk-runs/drops.ts';
import type { Tx } from '../store/database.ts';
import { lockSystems } from '../store/locks.ts';
import type { DroppedClicks } from '../store/run-requests.ts';
import * as store from '../store/solutions.ts';
import { readSystems } from '../store/systems.ts';
import { announcedBySystem } from './announced.ts';
import { announceSolutions } from './acts.ts';
import * as rules from './rules.ts';
import { storeChange, storeNew } from './write.ts';

type ImportedItem = RouteResponse<'importSolutions'>['items'][number];

export interface Imported {
  readonly items: ImportedItem[];
  /** What was stored; empty for a trial. */
  readonly changed: { readonly id: string; readonly sysCode: string }[];
  readonly dropped: DroppedClicks[];
}

/** One row of the import beside what is stored for it; null where there is nothing yet. */
export interface Row {
  readonly input: SolutionInput;
  readonly stored: store.SolutionRow | null;
}

/** @throws PiculusError `invalid-field` that names each bad row and field, as `items[3].retryCron`. */
export async function importSolutionsIn(
  tx: Tx,
  context: Context,
  { items, dryRun }: RouteBody<'importSolutions'>,
  caller: Caller,
  approved: Approved | null,
): Promise<Done<RouteResponse<'importSolutions'>>> {
  const at = context.clock.now();
  const rows = await checkedRows(tx, items, caller, at);
  const announced = await announcedBySystem(tx);
  const told = rows.map((row) => toldOf(row, announced.get(row.input.sysCode) ?? new Set()));
  const done: Imported = { items: told, changed: [], dropped: [] };
  if (!dryRun) {
    if (rows.some(needsSecond)) await requireSecond(tx, 'change-solution', approved);
    for (const [index, row] of rows.entries())
      await storeRow(tx, row, index, { actor: caller.actor, at }, done);
  }
  return {
    answer: { items: told },
    announce: () => {
      if (done.changed.length > 0) announceSolutions(context, done.changed);
      for (const dropped of done.dropped) announceDropped(context, dropped);
    },
  };
}

/** Each row beside what is stored, under the locks of their systems. @throws PiculusError as the import itself. */
export async function checkedRows(
  tx: Tx,
  items: readonly SolutionInput[],
  caller: Caller,
  at: Date,
): Promise<Row[]> {
  const able = reach(caller, 'configure');
  const rows = await besideStored(tx, items, able);
  refuseBadRows(rows, await knownSystems(tx, items, caller.scope('view')), at);
  refuseForeignRows(items, able);
  return rows;
}

/** Whether the row does more than making a solution do less. */
export function needsSecond({ input, stored }: Row): boolean {
  if (stored === null) return input.status === 'enabled';
  return !onlySafer(rules.versionView(stored), input);
}

/** Locks the systems first, as every change of a solution does, so that no claim and no other change is under way. */
async function besideStored(tx: Tx, items: readonly SolutionInput[], scope: Scope): Promise<Row[]> {
  const named = [...new Set(items.map(({ sysCode }) => sysCode))];
  await lockSystems(
    tx,
    named.filter((sysCode) => inScope(scope, sysCode)),
  );
  const stored = new Map(
    (await store.readSolutions(tx, { scope })).map((row) => [`${row.sys_code} ${row.fix_code}`, row]),
  );
  return items.map((input) => ({ input, stored: stored.get(keyOf(input)) ?? null }));
}

const keyOf = ({ sysCode, fixCode }: SolutionInput): string => `${sysCode} ${fixCode}`;

/** One that the caller may not see is as good as none. */
async function knownSystems(
  tx: Tx,
  items: readonly SolutionInput[],
  view: Scope,
): Promise<ReadonlySet<string>> {
  const codes = [...new Set(items.map(({ sysCode }) => sysCode))].filter((code) => inScope(view, code));
  return new Set((await readSystems(tx, codes)).map((row) => row.sys_code));
}

function refuseBadRows(rows: readonly Row[], systems: ReadonlySet<string>, now: Date): void {
  const errors: FieldError[] = [];
  const first = new Map<string, number>();
  rows.forEach(({ input, stored }, index) => {
    const add = (field: string, reason: FieldError['reason']): void => {
      errors.push({ field: `items[${index}].${field}`, reason });
    };
    const earlier = first.get(keyOf(input));
    if (earlier === undefined) first.set(keyOf(input), index);
    else
      add('fixCode', { en: `the same solution as items[${earlier}]`, zh: `与 items[${earlier}] 是同一方案` });
    if (!systems.has(input.sysCode)) add('sysCode', rules.noSuchSystem(input.sysCode));
    // As in a single change: a schedule that stays as it is may have come to its end.
    const checked = stored === null || rules.changesSchedule(changesOf({ input, stored }));
    if (checked) for (const { field, reason } of rules.badFields(input, now)) add(field, reason);
  });
  if (errors.length > 0) throw new PiculusError('invalid-field', undefined, errors);
}

/** @throws PiculusError `not-allowed` that names each row of a system that the caller may see and not configure. */
function refuseForeignRows(items: readonly SolutionInput[], able: Scope): void {
  const reason = { en: 'you may not configure this system', zh: '无权配置该系统' };
  const fields = items.flatMap(({ sysCode }, index) =>
    inScope(able, sysCode) ? [] : [{ field: `items[${index}].sysCode`, reason }],
  );
  if (fields.length > 0) throw new PiculusError('not-allowed', undefined, fields);
}

export const changesOf = ({ input, stored }: Row): (keyof rules.SolutionFields)[] =>
  stored === null ? [...rules.FIELD_NAMES] : rules.changedFields(rules.versionView(stored), input);

function toldOf(row: Row, announced: ReadonlySet<string>): ImportedItem {
  const { input, stored } = row;
  const before = stored === null ? null : rules.versionView(stored);
  const fields = changesOf(row);
  return {
    sysCode: input.sysCode,
    fixCode: input.fixCode,
    action: stored === null ? 'create' : fields.length > 0 ? 'change' : 'same',
    changes: fields.map((field) => ({ field, from: before?.[field] ?? null, to: input[field] })),
    warnings: rules.warningsFor(input.fixCode, announced),
  };
}

async function storeRow(
  tx: Tx,
  { input, stored }: Row,
  index: number,
  author: { actor: Actor; at: Date },
  done: Imported,
): Promise<void> {
  const { sysCode } = input;
  if (stored === null) {
    const id = await storeNew(tx, input, author);
    // A single one was created beside us; the import is asked for again and finds it then.
    if (id === null)
      throw new PiculusError('already-exists', `items[${index}] was created by somebody else meanwhile`);
    done.changed.push({ id, sysCode });
    return;
  }
  if (changesOf({ input, stored }).length === 0) return;
  if ((await store.lockSolution(tx, stored.id)) === null) {
    throw new PiculusError('wrong-state', `items[${index}] was deleted by somebody else meanwhile`);
  }
  const { dropped } = await storeChange(tx, stored, input, author);
  done.changed.push({ id: stored.id, sysCode });
  if (dropped !== null) done.dropped.push(dropped);
}
