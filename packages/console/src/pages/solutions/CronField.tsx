/** The schedule of the retries, as cron, with common ones to choose from. */
import { Button, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { FormFieldsProps } from './FormFields.tsx';

const EXAMPLES = [
  ['every2m', '0 0/2 * * * ?'],
  ['every10m', '0 0/10 * * * ?'],
  ['hourly', '0 0 * * * ?'],
  ['daily9', '0 0 9 * * ?'],
] as const;

export function CronField({ values, onChange, errors }: FormFieldsProps) {
  const { t } = useTranslation('solutions');
  return (
    <div>
      <TextInput
        classNames={{ input: 'solutions-code' }}
        label={t('field.retryCron')}
        description={t('cronHint')}
        name="retryCron"
        value={values.retryCron}
        onChange={(event) => onChange({ retryCron: event.currentTarget.value })}
        error={errors.retryCron}
        spellCheck={false}
        autoComplete="off"
        maxLength={256}
      />
      <fieldset className="solutions-examples">
        <legend>{t('cronExamples')}</legend>
        {EXAMPLES.map(([name, cron]) => (
          <Button
            key={name}
            size="compact-xs"
            variant="default"
            aria-pressed={values.retryCron === cron}
            onClick={() => onChange({ retryCron: cron })}
          >
            {t(name)}
          </Button>
        ))}
      </fieldset>
    </div>
  );
}
