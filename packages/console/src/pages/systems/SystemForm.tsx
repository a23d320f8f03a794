/** Registering a system and changing one. What was typed stays where the server refuses it. */
import { Button, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core';
import type { System } from '@piculus/protocol/http';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { fieldErrors, saysMoreThanFields } from '../../parts/form.ts';
import { Notice } from '../../parts/Notice.tsx';
import { useReturnFocus } from '../../parts/return-focus.ts';
import { Schedule } from './Schedule.tsx';
import { UNITS, windowMs, windowParts } from './window.ts';

const FIELDS = ['sysCode', 'name', 'collectCron', 'collectTimeZone', 'collectWindowMs'] as const;
/** The hints differ in length; below the fields they leave these beside each other. */
const HINT_BELOW: ('label' | 'input' | 'description' | 'error')[] = [
  'label',
  'input',
  'description',
  'error',
];
const DEFAULT_WINDOW_MS = 3 * 86_400_000;

export interface SystemFormProps {
  /** Null: a new one. */
  readonly system: System | null;
  readonly onClose: () => void;
  /** With the first key of a new system. */
  readonly onCreated: (sysCode: string, key: string) => void;
}

interface Typed {
  readonly sysCode: string;
  readonly name: string;
  readonly cron: string;
  readonly zone: string;
  readonly amount: string;
  readonly unit: (typeof UNITS)[number];
}

export function SystemForm({ system, onClose, onCreated }: SystemFormProps) {
  const { t } = useTranslation('systems');
  const { t: common } = useTranslation();
  useReturnFocus();
  const [typed, setTyped] = useState<Typed>(() => typedOf(system));
  const [wrongWindow, setWrongWindow] = useState<'bad' | 'long' | null>(null);
  const create = useAct('createSystem', ['systems', 'clients']);
  const change = useAct('changeSystem', ['systems', 'clients']);
  const error = create.error ?? change.error;
  const told = fieldErrors(error, FIELDS);
  const set = (part: Partial<Typed>): void => setTyped({ ...typed, ...part });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const length = windowMs(typed.amount, typed.unit);
    setWrongWindow(typeof length === 'number' ? null : length);
    if (typeof length !== 'number') return;
    const body = {
      name: typed.name.trim(),
      collectCron: typed.cron.trim() === '' ? null : typed.cron.trim(),
      collectTimeZone: typed.zone.trim(),
      collectWindowMs: length,
    };
    if (system === null) {
      const sysCode = typed.sysCode.trim();
      create.mutate({ body: { ...body, sysCode } }, { onSuccess: ({ key }) => onCreated(sysCode, key) });
    } else {
      change.mutate({ params: { sysCode: system.sysCode }, body }, { onSuccess: onClose });
    }
  };
  const windowError =
    wrongWindow === null ? told.collectWindowMs : wrongWindow === 'bad' ? t('windowBad') : t('windowLong');
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      size="lg"
      title={system === null ? t('createTitle') : t('editTitle', { sysCode: system.sysCode })}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          {system === null && (
            <TextInput
              label={t('sysCode')}
              description={t('sysCodeHint')}
              required
              maxLength={32}
              autoComplete="off"
              spellCheck={false}
              value={typed.sysCode}
              onChange={(event) => set({ sysCode: event.currentTarget.value })}
              error={told.sysCode}
              data-autofocus
            />
          )}
          <TextInput
            label={t('name')}
            required
            maxLength={128}
            value={typed.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
            error={told.name}
            data-autofocus={system !== null}
          />
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
              error={told.collectCron}
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
              error={told.collectTimeZone}
            />
          </div>
          <Schedule cron={typed.cron} timeZone={typed.zone} />
          <fieldset className="systems-window">
            <legend>{t('window')}</legend>
            <TextInput
              label={t('windowAmount')}
              inputMode="numeric"
              value={typed.amount}
              onChange={(event) => set({ amount: event.currentTarget.value })}
              error={windowError}
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
          {error !== null && saysMoreThanFields(error, FIELDS) && <Notice error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common('cancel')}
            </Button>
            <Button type="submit" loading={create.isPending || change.isPending}>
              {system === null ? t('create') : t('save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function typedOf(system: System | null): Typed {
  return {
    sysCode: '',
    name: system?.name ?? '',
    cron: system?.collectCron ?? '',
    zone: system?.collectTimeZone ?? 'UTC',
    ...windowParts(system?.collectWindowMs ?? DEFAULT_WINDOW_MS),
  };
}
