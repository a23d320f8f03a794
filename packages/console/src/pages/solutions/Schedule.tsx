/** A cron in words, and when it fires next. */
import type { Solution } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { currentLanguage } from '../../i18n/index.ts';
import { localTime } from '../../parts/format.ts';
import { Time, useNow } from '../../parts/Time.tsx';
import { inLanguage } from '../../parts/words.ts';
import { ownZone } from './fields.ts';

/** For a row of the list. */
export function ScheduleCell({ of }: { of: Solution }) {
  const { t } = useTranslation('solutions');
  const runs = of.status === 'enabled' && of.executionMode === 'automatic';
  return (
    <div className="solutions-schedule">
      {of.words !== undefined && of.words.en !== of.retryCron && <span>{inLanguage(of.words)}</span>}
      <span className="solutions-aside">
        <code>{of.retryCron}</code> {of.timeZone}
      </span>
      <span className="solutions-aside">
        {of.maxRetries === 0 ? t('neverRetried') : t('retriesAtMost', { count: of.maxRetries })}
      </span>
      <span className="solutions-aside">{runs ? <NextTick of={of} /> : t('notByItself')}</span>
    </div>
  );
}

/** The first of the known ticks that is still to come; once all have passed, that it goes on. */
function NextTick({ of }: { of: Solution }) {
  const { t } = useTranslation('solutions');
  const now = useNow();
  if (of.nextTicks.length === 0) return t('noTicks');
  const next = of.nextTicks.find((tick) => Date.parse(tick) > now);
  if (next === undefined) return t('onSchedule');
  return (
    <>
      {t('nextTick')} <Time at={next} relative coming />
    </>
  );
}

/** The next ticks in the solution's zone, and in the person's own where that differs. */
export function Ticks({ ticks, zone }: { ticks: readonly string[]; zone: string }) {
  const { t } = useTranslation('solutions');
  const own = ownZone();
  return (
    <ol className="solutions-ticks">
      {ticks.map((tick) => (
        <li key={tick}>
          <time dateTime={tick}>{inZone(tick, zone)}</time>
          {own !== zone && <span className="solutions-aside">{t('ownTime', { time: localTime(tick) })}</span>}
        </li>
      ))}
    </ol>
  );
}

function inZone(iso: string, zone: string): string {
  const language = currentLanguage() === 'en' ? 'en-GB' : 'zh-CN';
  const at = new Date(iso);
  // Put together here: with all of these at once Chinese sets the zone between day and time.
  const format = (timeZone: string): string => {
    const part = (options: Intl.DateTimeFormatOptions): string =>
      new Intl.DateTimeFormat(language, { timeZone, ...options }).format(at);
    const day = part({ year: 'numeric', month: '2-digit', day: '2-digit' });
    const time = part({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
    const zoneName = new Intl.DateTimeFormat(language, { timeZone, timeZoneName: 'short' })
      .formatToParts(at)
      .find(({ type }) => type === 'timeZoneName')?.value;
    return [day, part({ weekday: 'short' }), time, zoneName].join(' ');
  };
  try {
    return format(zone);
  } catch {
    // A zone that this browser does not know is none to fail for.
    return format('UTC');
  }
}
