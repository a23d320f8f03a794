/** When a system is collected by itself, and how far back. */
import { NativeSelect, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Schedule } from './Schedule.tsx';
import type { SystemFormState } from './use-system-form.ts';
import { UNITS } from './window.ts';

/** The hints differ in length; below the fields they leave these beside each other. */
const HINT_BELOW: ('label' | 'input' | 'description' | 'error')[] = [
  'label',
  'input',
  'description',
  'error',
];

type Fields = Pick<SystemFormState, 'typed' | 'set' | 'errors'>;

export function ScheduleFields({ form: { typed, set, errors } }: { form: Fields }) {
  const { t } = useTranslation('systems');
  return (
    <>
      <div className="systems-row">
        <TextInput
          label={t('cron')}
          description={t('cronHint')}
          inputWrapperOrder={HINT_BELOW}
          autoComplete="off"
          spellCheck={false}
          maxLength={256}
          value={typed.cron}
          onChange={(event) => set({ cron: event.currentTarget.value })}
          error={errors.collectCron}
        />
        <TextInput
          label={t('zone')}
          description={t('zoneHint')}
          inputWrapperOrder={HINT_BELOW}
          required
          autoComplete="off"
          spellCheck={false}
          maxLength={64}
          value={typed.zone}
          onChange={(event) => set({ zone: event.currentTarget.value })}
          error={errors.collectTimeZone}
        />
      </div>
      {/* The words come a moment after the typing; what is below them must not move under a finger or a mouse. */}
      <div className="systems-room">
        <Schedule cron={typed.cron} timeZone={typed.zone} />
      </div>
    </>
  );
}

export function WindowFields({ form: { typed, set, errors } }: { form: Fields }) {
  const { t } = useTranslation('systems');
  return (
    <fieldset className="systems-window">
      <legend>{t('window')}</legend>
      <TextInput
        label={t('windowAmount')}
        inputMode="numeric"
        value={typed.amount}
        onChange={(event) => set({ amount: event.currentTarget.value })}
        error={errors.collectWindowMs}
      />
      <NativeSelect
        label={t('windowUnit')}
        value={typed.unit}
        onChange={(event) => {
          const unit = UNITS.find((each) => each === event.currentTarget.value);
          if (unit !== undefined) set({ unit });
        }}
        data={UNITS.map((unit) => ({ value: unit, label: t(unit) }))}
      />
      <p className="systems-note">{t('windowHint')}</p>
    </fieldset>
  );
}
