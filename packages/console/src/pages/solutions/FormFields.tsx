/** How a solution is executed: the fields that a person sets. What is wrong is said by the server. */
import { NativeSelect, NumberInput, Radio, Select, Textarea } from '@mantine/core';
import { EXECUTION_MODES, LEVELS, LIMITS, SOLUTION_STATUSES } from '@piculus/protocol';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Section } from '../../parts/Section.tsx';
import { CronField } from './CronField.tsx';
import { type FormField, ownZone, type SolutionValues, zonesFor } from './fields.ts';

export type FormErrors = Readonly<Partial<Record<FormField, string>>>;

export interface FormFieldsProps {
  readonly values: SolutionValues;
  readonly onChange: (change: Partial<SolutionValues>) => void;
  readonly errors: FormErrors;
}

export function FormFields(props: FormFieldsProps) {
  const { t } = useTranslation('solutions');
  const { values, onChange, errors } = props;
  return (
    <>
      <Section title={t('execution')}>
        <div className="solutions-fields">
          <Choices {...props} />
          <Retries {...props} />
          <CronField {...props} />
          <Zone {...props} />
        </div>
      </Section>
      <Section title={t('about')}>
        <div className="solutions-fields">
          <Level {...props} />
          <Textarea
            label={t('field.description')}
            description={t('descriptionHint')}
            name="description"
            rows={4}
            value={values.description}
            onChange={(event) => onChange({ description: event.currentTarget.value })}
            error={errors.description}
            maxLength={LIMITS.descriptionLength}
          />
        </div>
      </Section>
    </>
  );
}

function Choices({ values, onChange, errors }: FormFieldsProps) {
  const { t } = useTranslation('solutions');
  const { t: words } = useTranslation('words');
  return (
    <>
      <Radio.Group
        label={t('field.executionMode')}
        name="executionMode"
        value={values.executionMode}
        onChange={(value) => {
          const executionMode = EXECUTION_MODES.find((mode) => mode === value);
          if (executionMode !== undefined) onChange({ executionMode });
        }}
        error={errors.executionMode}
      >
        <div className="solutions-radios">
          {EXECUTION_MODES.map((mode) => (
            <Radio key={mode} value={mode} label={words(`mode.${mode}`)} description={t(`${mode}Hint`)} />
          ))}
        </div>
      </Radio.Group>
      <Radio.Group
        label={t('field.status')}
        name="status"
        value={values.status}
        onChange={(value) => {
          const status = SOLUTION_STATUSES.find((one) => one === value);
          if (status !== undefined) onChange({ status });
        }}
        error={errors.status}
      >
        <div className="solutions-radios">
          {SOLUTION_STATUSES.map((status) => (
            <Radio
              key={status}
              value={status}
              label={words(`status.${status}`)}
              description={t(`${status}Hint`)}
            />
          ))}
        </div>
      </Radio.Group>
    </>
  );
}

function Retries({ values, onChange, errors }: FormFieldsProps) {
  const { t } = useTranslation('solutions');
  const retries = values.maxRetries === '' ? Number.NaN : Number(values.maxRetries);
  const said = !Number.isInteger(retries) || retries < 0 || retries > LIMITS.maxRetriesMax;
  const hint = said
    ? t('triesRange')
    : retries === 0
      ? t('triesOnce')
      : t('tries', { count: retries + 1, retries });
  return (
    <NumberInput
      className="solutions-short"
      label={t('field.maxRetries')}
      description={<span aria-live="polite">{hint}</span>}
      name="maxRetries"
      inputMode="numeric"
      allowDecimal={false}
      min={0}
      max={LIMITS.maxRetriesMax}
      clampBehavior="none"
      hideControls
      value={values.maxRetries}
      onChange={(value) => onChange({ maxRetries: String(value) })}
      error={errors.maxRetries}
    />
  );
}

function Zone({ values, onChange, errors }: FormFieldsProps) {
  const { t } = useTranslation('solutions');
  const own = ownZone();
  const zones = useMemo(() => zonesFor(own, values.timeZone), [own, values.timeZone]);
  return (
    <Select
      className="solutions-short"
      label={t('field.timeZone')}
      description={t('zoneHint', { zone: own })}
      name="timeZone"
      data={zones}
      searchable
      limit={50}
      value={values.timeZone}
      onChange={(timeZone) => timeZone !== null && onChange({ timeZone })}
      error={errors.timeZone}
    />
  );
}

function Level({ values, onChange, errors }: FormFieldsProps) {
  const { t } = useTranslation('solutions');
  const { t: words } = useTranslation('words');
  return (
    <NativeSelect
      className="solutions-short"
      label={t('field.level')}
      description={t('levelHint')}
      name="level"
      value={values.level}
      data={[...LEVELS].reverse().map((value) => ({ value, label: words(`level.${value}`) }))}
      onChange={(event) => {
        const level = LEVELS.find((one) => one === event.currentTarget.value);
        if (level !== undefined) onChange({ level });
      }}
      error={errors.level}
    />
  );
}
