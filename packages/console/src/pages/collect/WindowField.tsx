import { Radio, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { fromLocalInput, toLocalInput } from '../../parts/local-input.ts';
import { Section } from '../../parts/Section.tsx';
import { type Choice, WINDOWS, type WindowChoice } from './choice.ts';

export interface WindowFieldProps {
  readonly choice: Choice;
  readonly onChange: (part: Partial<Choice>) => void;
  readonly errorFrom: string | undefined;
  readonly errorTo: string | undefined;
}

/** How far the collect looks back. */
export function WindowField({ choice, onChange, errorFrom, errorTo }: WindowFieldProps) {
  const { t } = useTranslation('collect');
  const names: Readonly<Record<WindowChoice, string>> = {
    own: t('windowOwn'),
    hour: t('windowHour'),
    day: t('windowDay'),
    days: t('windowDays'),
    custom: t('windowCustom'),
  };
  const wrong = errorFrom ?? errorTo;
  return (
    <Section title={t('window')}>
      <Radio.Group
        aria-label={t('window')}
        value={choice.window}
        onChange={(value) => {
          const window = WINDOWS.find((each) => each === value);
          if (window !== undefined) onChange({ window });
        }}
      >
        <div className="collect-list">
          {WINDOWS.map((window) => (
            <Radio key={window} value={window} label={names[window]} />
          ))}
        </div>
      </Radio.Group>
      {choice.window === 'custom' && (
        <div className="collect-times">
          <TextInput
            type="datetime-local"
            step={1}
            label={t('windowFrom')}
            required
            defaultValue={toLocalInput(choice.from)}
            onChange={(event) => onChange({ from: fromLocalInput(event.currentTarget.value) })}
            error={errorFrom}
          />
          <TextInput
            type="datetime-local"
            step={1}
            label={t('windowTo')}
            defaultValue={toLocalInput(choice.to)}
            onChange={(event) => onChange({ to: fromLocalInput(event.currentTarget.value) })}
            error={errorTo}
          />
        </div>
      )}
      {choice.window !== 'custom' && wrong !== undefined && (
        <p className="collect-error" role="alert">
          {wrong}
        </p>
      )}
    </Section>
  );
}

/** @returns the window in few words, for the button. */
export function useWindowWords(): (choice: Choice, systems: number) => string {
  const { t, i18n } = useTranslation('collect');
  const inSentence = (text: string): string =>
    i18n.language === 'en' ? text.charAt(0).toLowerCase() + text.slice(1) : text;
  return ({ window }, count) => {
    switch (window) {
      case 'own':
        return t('ownWindow', { count });
      case 'hour':
        return inSentence(t('windowHour'));
      case 'day':
        return inSentence(t('windowDay'));
      case 'days':
        return inSentence(t('windowDays'));
      case 'custom':
        return t('custom');
    }
  };
}
