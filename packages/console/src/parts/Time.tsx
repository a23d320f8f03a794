/** Times: the person's own zone, UTC on hover, and how long ago, which goes on by itself. */
import { Tooltip } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { coarse, localTime, utcTime } from './format.ts';

/** One clock for the whole page: a second's tick for all that show an age. */
const listeners = new Set<() => void>();
let ticking: number | undefined;
let now = Date.now();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (ticking === undefined) {
    now = Date.now();
    ticking = window.setInterval(() => {
      now = Date.now();
      for (const each of listeners) each();
    }, 1_000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(ticking);
    ticking = undefined;
  };
}

/** @returns milliseconds since 1970, new every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** @returns words for a span: "3 minutes". */
export function useSpan(ms: number): string {
  const { t } = useTranslation();
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return t('seconds', { count: seconds });
  if (seconds < 3_600) return t('minutes', { count: Math.floor(seconds / 60) });
  if (seconds < 48 * 3_600) return t('hours', { count: Math.floor(seconds / 3_600) });
  return t('days', { count: Math.floor(seconds / 86_400) });
}

/** @returns how long ago that was, in words, going on. */
export function useSpanSince(ms: number): string {
  return useSpan(useDistance(ms));
}

/**
 * @returns how long ago that was, in milliseconds, as coarse as words are: hours change once an hour, so that a list
 *   of a thousand ages is not drawn anew each second.
 */
function useDistance(ms: number): number {
  return useSyncExternalStore(subscribe, () => coarse((ticking === undefined ? Date.now() : now) - ms));
}

/**
 * @param coming is known to lie ahead; without it what happens now has just happened: the clock is up to a second old.
 * @returns "3 minutes ago" or "in 3 minutes", going on.
 */
function useRelative(iso: string, coming = false): string {
  const { t } = useTranslation();
  const distance = useDistance(Date.parse(iso));
  const span = useSpan(Math.abs(distance));
  if (Math.abs(distance) < 1_000) return coming ? t('soon') : t('now');
  return distance > 0 ? t('ago', { span }) : t('ahead', { span });
}

export interface TimeProps {
  /** ISO 8601. */
  readonly at: string;
  /** Show how long ago it was, with the time on hover. */
  readonly relative?: boolean;
  /** With `relative`: it is known to lie ahead. */
  readonly coming?: boolean;
}

export function Time({ at, relative = false, coming = false }: TimeProps) {
  return relative ? <RelativeTime at={at} coming={coming} /> : <AbsoluteTime at={at} />;
}

function AbsoluteTime({ at }: { at: string }) {
  const { t } = useTranslation();
  return (
    <Tooltip label={t('utc', { time: utcTime(at) })}>
      <time dateTime={at} className="time">
        {localTime(at)}
      </time>
    </Tooltip>
  );
}

function RelativeTime({ at, coming }: { at: string; coming: boolean }) {
  const { t } = useTranslation();
  const words = useRelative(at, coming);
  return (
    <Tooltip label={`${localTime(at)} · ${t('utc', { time: utcTime(at) })}`}>
      {/* Inside of what is read out when it changes, the seconds would be read out without end. */}
      <time dateTime={at} className="time" aria-live="off">
        {words}
      </time>
    </Tooltip>
  );
}
