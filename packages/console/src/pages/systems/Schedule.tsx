/** A schedule in words, with its next ticks, as it is typed. */
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import { Time } from '../../parts/Time.tsx';
import { inLanguage } from '../../parts/words.ts';

/** Typing pauses this long before the server is asked. */
const PAUSE_MS = 300;

export interface ScheduleProps {
  readonly cron: string;
  readonly timeZone: string;
  /** Words and the next tick only, for lists. */
  readonly short?: boolean;
}

export function Schedule({ cron, timeZone, short = false }: ScheduleProps) {
  const { t } = useTranslation('systems');
  const asked = useSettled(`${timeZone.trim()} ${cron.trim()}`, short ? 0 : PAUSE_MS);
  const space = asked.indexOf(' ');
  const query = { cron: asked.slice(space + 1), timeZone: asked.slice(0, space) };
  const read = useRead(
    'previewSchedule',
    { query },
    { enabled: query.cron !== '' && query.timeZone !== '', keep: !short },
  );
  if (query.cron === '') return short ? null : <p className="systems-note">{t('cronNone')}</p>;
  if (read.error !== null) {
    // In a list the expression alone must do; in the form every field says what is wrong with it.
    if (short) return null;
    return (
      <ul className="systems-schedule systems-wrong" aria-live="polite">
        {read.error.fields.map(({ field, reason }) => (
          <li key={field}>{inLanguage(reason)}</li>
        ))}
      </ul>
    );
  }
  if (read.data === undefined) return null;
  const ticks = short ? read.data.nextTicks.slice(0, 1) : read.data.nextTicks;
  return (
    <div className="systems-schedule" aria-live={short ? 'off' : 'polite'}>
      <p>{inLanguage(read.data.words)}</p>
      {ticks.length > 0 && (
        <div className="systems-ticks">
          <span>{t('cronNext')}</span>
          <ul>
            {ticks.map((tick) => (
              <li key={tick}>
                <Time at={tick} relative={short} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

/** @returns the text once it has not changed for that long. */
function useSettled(text: string, ms: number): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(text), ms);
    return () => window.clearTimeout(timer);
  }, [text, ms]);
  return settled;
}
