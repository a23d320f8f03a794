/** Setting the limits of one place. What was typed stays where the server refuses it or somebody else was first. */
import { Alert, Button, Checkbox, Group, Modal, Stack, Textarea } from '@mantine/core';
import { LIMITS } from '@piculus/protocol';
import type { ApprovalCommand, Limits, RouteBody } from '@piculus/protocol/http';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { AmountLines } from '../../parts/AmountLines.tsx';
import { needsSecond, useNeed } from '../../parts/approval-need.ts';
import { Asked, Needs } from '../../parts/AskNeeds.tsx';
import { usePlaceWords } from '../../parts/halts/halt-words.ts';
import { Notice } from '../../parts/Notice.tsx';
import { useReturnFocus } from '../../parts/return-focus.ts';
import { NumberInput } from './fields.tsx';
import { type Faults, type NumberField, settingsOf, type TypedLimits, typedOf } from './limit-values.ts';

interface LimitsFormProps {
  /** As it is stored now: another version than the one that was opened where somebody changed it meanwhile. */
  readonly latest: Limits;
  readonly onSaved: () => void;
  readonly onClose: () => void;
}

const NONE: Faults = { numbers: new Set(), amounts: new Map() };

export function LimitsForm({ latest, onSaved, onClose }: LimitsFormProps) {
  const { t } = useTranslation('limits');
  const { t: common } = useTranslation();
  const { t: approvals } = useTranslation('approvals');
  useReturnFocus();
  const place = usePlaceWords()(latest);
  const [base, setBase] = useState(latest);
  const [typed, setTyped] = useState<TypedLimits>(() => typedOf(latest.settings));
  const [faults, setFaults] = useState<Faults>(NONE);
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);
  const saving = useSaving(() => {
    onSaved();
    onClose();
  });
  const behind = latest.version > base.version;
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const { settings, faults: found } = settingsOf(typed);
    setFaults(found);
    setMissing(reason.trim() === '');
    if (settings === null || reason.trim() === '' || behind || saving.isPending) return;
    const { sysCode, fixCode, version } = base;
    await saving.save({ sysCode, fixCode, version, settings }, reason.trim());
  };
  const change = (next: TypedLimits): void => {
    saving.forget();
    setTyped(next);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      size="lg"
      title={t('editTitle', { place })}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
    >
      {saving.request !== undefined ? (
        <Asked request={saving.request} onClose={onClose} />
      ) : (
        <form onSubmit={(event) => void submit(event)} noValidate>
          <Stack gap="md">
            {behind && (
              <Behind
                latest={latest}
                onTheirs={() => {
                  setBase(latest);
                  setTyped(typedOf(latest.settings));
                  saving.forget();
                }}
                onMine={() => {
                  setBase(latest);
                  saving.forget();
                }}
              />
            )}
            <Fields of={base} typed={typed} onChange={change} faults={faults} />
            <Textarea
              label={common('reason')}
              description={common('reasonHint')}
              required
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              error={missing ? common('reasonNeeded') : undefined}
              maxLength={LIMITS.reasonLength}
              autosize={false}
              rows={3}
            />
            {saving.asks && <Needs of={saving.needs} />}
            {saving.failed !== null && <Notice error={saving.failed} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {common('cancel')}
              </Button>
              <Button type="submit" loading={saving.isPending} disabled={behind} className="wrapping-button">
                {saving.asks ? approvals('ask.act', { act: t('saveAs', { place }) }) : t('saveAs', { place })}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

/** Saves at once, or asks a second person where the policy wants one. */
function useSaving(onSaved: () => void) {
  const act = useAct('setLimits', ['limits', 'problems']);
  const ask = useAct('createApproval', ['approvals']);
  // Set where the server refused it for want of a second person; what is typed afterwards is another wish.
  const [refused, setRefused] = useState<ApprovalCommand | null>(null);
  const need = useNeed(refused);
  const asks = refused !== null;
  return {
    asks,
    needs: need.needs,
    request: ask.data,
    isPending: act.isPending || ask.isPending,
    failed: ask.error ?? (asks ? null : act.error),
    forget(): void {
      setRefused(null);
      act.reset();
    },
    async save(wish: Omit<RouteBody<'setLimits'>, 'reason'>, reason: string): Promise<void> {
      const command = { kind: 'set-limits', ...wish } as const;
      if (asks) {
        ask.mutate({ body: { command, reason } });
        return;
      }
      if (await needsSecond(command)) {
        setRefused(command);
        return;
      }
      act.mutate(
        { body: { ...wish, reason } },
        {
          onSuccess: onSaved,
          onError: ({ code }) => {
            if (code === 'approval-required') setRefused(command);
          },
        },
      );
    },
  };
}

interface BehindProps {
  readonly latest: Limits;
  readonly onTheirs: () => void;
  readonly onMine: () => void;
}

/** Somebody else was first. */
function Behind({ latest, onTheirs, onMine }: BehindProps) {
  const { t } = useTranslation('limits');
  return (
    <Alert color="orange" role="alert">
      {t('changedMeanwhile', { name: latest.changedBy ?? '–', version: latest.version })}
      <Group gap="xs" mt="xs">
        <Button size="compact-sm" variant="default" onClick={onTheirs}>
          {t('takeTheirs')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={onMine}>
          {t('keepMine')}
        </Button>
      </Group>
    </Alert>
  );
}

interface FieldsProps {
  readonly of: Limits;
  readonly typed: TypedLimits;
  readonly onChange: (typed: TypedLimits) => void;
  readonly faults: Faults;
}

function Fields({ of, typed, onChange, faults }: FieldsProps) {
  const { t } = useTranslation('limits');
  const number = (field: NumberField, description?: string) => (
    <NumberInput
      field={field}
      label={t(`field.${field}`)}
      {...(description === undefined ? {} : { description })}
      value={typed.numbers[field]}
      wrong={faults.numbers.has(field)}
      onChange={(value) => onChange({ ...typed, numbers: { ...typed.numbers, [field]: value } })}
    />
  );
  return (
    <>
      {number('executionsPerHour', t('field.executionsPerHourHint'))}
      <AmountLines
        label={t('field.amounts')}
        hint={t('field.amountsHint')}
        lines={typed.amounts}
        faults={faults.amounts}
        onChange={(amounts) => onChange({ ...typed, amounts })}
      />
      <fieldset className="limits-fields">
        <legend>{t('breaker')}</legend>
        <Checkbox
          label={t('field.breaker')}
          description={t('field.breakerHint')}
          checked={typed.breaker}
          onChange={(event) => onChange({ ...typed, breaker: event.currentTarget.checked })}
        />
        {typed.breaker && (
          <>
            <div className="limits-pair">
              {number('reportTimes')}
              {number('reportMin')}
              {number('failurePercent')}
              {number('failureMin')}
              {number('contradictionsMax')}
            </div>
            <p className="limits-note">{t('field.emptyMeans')}</p>
          </>
        )}
      </fieldset>
      {of.fixCode !== null && number('canary', t('field.canaryHint'))}
    </>
  );
}
