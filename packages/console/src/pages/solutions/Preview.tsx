/** Beside the form: what the settings mean, before they are saved. */
import { useTranslation } from 'react-i18next';
import { Notice } from '../../parts/Notice.tsx';
import { saysMoreThanFields } from '../../parts/form.ts';
import { Section } from '../../parts/Section.tsx';
import type { useTypedCheck } from './check.ts';
import { FORM_FIELDS, type SolutionValues } from './fields.ts';
import { Impact } from './Impact.tsx';
import { Ticks } from './Schedule.tsx';

export interface PreviewProps {
  readonly values: SolutionValues;
  readonly check: ReturnType<typeof useTypedCheck>;
  /** False: system and fix code are not given yet, so that there are no problems to speak of. */
  readonly named: boolean;
}

export function Preview({ values, check, named }: PreviewProps) {
  const { t } = useTranslation('solutions');
  const { data, error } = check;
  const runs = values.status === 'enabled' && values.executionMode === 'automatic';
  return (
    <Section title={t('preview')} className="solutions-preview">
      {error !== null && saysMoreThanFields(error, FORM_FIELDS) && <Notice error={error} />}
      <div aria-live="polite" aria-busy={check.isFetching}>
        <h3>{t('inWords')}</h3>
        {data === undefined ? (
          <p className="solutions-aside">{error === null ? t('checking') : t('ticksNone')}</p>
        ) : (
          <>
            <p lang="zh-CN">{data.words.zh}</p>
            <p lang="en">{data.words.en}</p>
          </>
        )}
        <h3>{t('ticks')}</h3>
        {!runs && <p className="solutions-aside">{t('ticksNotUsed')}</p>}
        {data === undefined ? (
          <p className="solutions-aside">{error === null ? t('checking') : t('ticksNone')}</p>
        ) : (
          <Ticks ticks={data.nextTicks} zone={values.timeZone} />
        )}
        <h3>{t('impact')}</h3>
        {!named && <p className="solutions-aside">{t('impactNeedsNames')}</p>}
        {named && data !== undefined && <Impact of={data.impact} />}
        {named && data === undefined && (
          <p className="solutions-aside">{error === null ? t('checking') : t('ticksNone')}</p>
        )}
      </div>
    </Section>
  );
}
