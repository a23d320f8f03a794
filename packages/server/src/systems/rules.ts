/** Keys of systems and the alarm of the collect cron: pure. */
import { createHash } from 'node:crypto';
import { previousTick } from '../solutions/quartz.ts';
import type { SystemOverviewRow } from '../store/systems.ts';

const SECRET_BYTES = 32;
/** Characters of the secret that stay readable to tell keys apart; the other 39 keep 234 bits. */
const SHOWN_CHARACTERS = 4;
/** How late a collect may start before it counts as not run. */
const LATE_MS = 2 * 60_000;

const KEY = /^pic_[A-Z][A-Z0-9_-]{0,31}_[A-Za-z0-9_-]{43}$/;

export interface NewKey {
  /** `pic_<sysCode>_<43 characters>`, shown once. */
  readonly key: string;
  readonly prefix: string;
  readonly hash: Buffer;
}

export function makeKey(sysCode: string, bytes: (count: number) => Buffer): NewKey {
  const secret = bytes(SECRET_BYTES).toString('base64url');
  const key = `pic_${sysCode}_${secret}`;
  return { key, prefix: `pic_${sysCode}_${secret.slice(0, SHOWN_CHARACTERS)}`, hash: hashKey(key) };
}

/** Finding a key by its hash tells an attacker nothing by its time: he cannot choose the hash. */
export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

export function looksLikeKey(text: string): boolean {
  return KEY.test(text);
}

export interface Alarm {
  readonly en: string;
  readonly zh: string;
}

/** A scheduled collect that did not run or did not complete; null where all is well. */
export function collectAlarm(system: SystemOverviewRow, now: Date): Alarm | null {
  if (system.collect_cron === null || !system.enabled) return null;
  const late = new Date(now.getTime() - LATE_MS);
  const since = system.collect_tick_at ?? system.created_at;
  const missed = previousTick(system.collect_cron, system.collect_time_zone, late, since);
  if (missed) {
    return {
      en: `the collect scheduled for ${missed.toISOString()} has not started`,
      zh: `计划于 ${missed.toISOString()} 的收集尚未开始`,
    };
  }
  if (system.cron_state !== 'incomplete' && system.cron_state !== 'failed') return null;
  const reason = system.cron_reason ?? '';
  return system.cron_state === 'failed'
    ? { en: `the last scheduled collect failed: ${reason}`, zh: `最近一次计划收集失败：${reason}` }
    : {
        en: `the last scheduled collect did not complete: ${reason}`,
        zh: `最近一次计划收集不完整：${reason}`,
      };
}
