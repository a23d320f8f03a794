/**
 * A client that refuses a command as not surely ours: its configuration lacks our key, its clock is wrong, or
 * somebody stands between. Recorded and alarmed; the command itself goes back as if it had never been sent.
 */
import { type ErrorCode, ERRORS } from '@piculus/protocol';
import type { Stats } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import type { Context } from '../base/services.ts';
import { countRefusal, deleteRefusalsBefore, refusalsSince } from '../store/command-refusals.ts';
import type { Executor } from '../store/database.ts';
import { transaction } from '../store/pool.ts';

const CODES: ReadonlySet<ErrorCode> = new Set([
  'command-unsigned',
  'command-key-unknown',
  'command-forged',
  'command-expired',
  'command-too-early',
]);

/** As long as the last refusal is younger, it is shown as an alarm. */
const ALARM_MS = 60 * 60_000;

export async function recordRefusal(
  context: Context,
  client: { readonly sysCode: string; readonly clientId: string },
  code: ErrorCode,
): Promise<void> {
  if (!CODES.has(code)) return;
  const { sysCode, clientId } = client;
  const at = context.clock.now();
  const quietSince = new Date(at.getTime() - ALARM_MS);
  await transaction(context.db, async (tx) => {
    // Told once while it goes on: a client that refuses everything is asked again every second.
    if (!(await countRefusal(tx, { sysCode, clientId, code, at }, quietSince))) return;
    await deleteRefusalsBefore(tx, quietSince);
    await writeAudit(tx, {
      at,
      actor: 'policy:signing',
      act: 'alarm',
      sysCode,
      reason: ERRORS[code].meaning.en,
      detail: { code, clientId },
    });
    context.log.error(
      { sysCode, clientId, code },
      'a client refuses commands as not surely from this server',
    );
  });
}

/** @returns refusals of the last hour, as alarms. */
export async function refusalAlarms(db: Executor, now: Date): Promise<Stats['alarms']> {
  const sums = await refusalsSince(db, new Date(now.getTime() - ALARM_MS));
  return sums.map(({ sysCode, code, clients, lastAt }) => {
    const known = Object.keys(ERRORS).find((each): each is ErrorCode => each === code);
    const meaning = known === undefined ? { en: code, zh: code } : ERRORS[known].meaning;
    const when = lastAt.toISOString();
    return {
      sysCode,
      message: {
        en: `${clients} clients refuse commands (${code}): ${meaning.en}; last at ${when}`,
        zh: `${clients} 个客户端拒绝命令（${code}）：${meaning.zh}；最近一次 ${when}`,
      },
    };
  });
}
