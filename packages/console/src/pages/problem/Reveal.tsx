/**
 * Unmasked values of one problem, for those who may see them and say why. They are shown until the dialog is closed
 * and held nowhere else in the page.
 */
import { Button, Checkbox, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { LIMITS } from '@piculus/protocol';
import type { ApiError, ProblemDetail, RouteResponse } from '@piculus/protocol/http';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asApiError } from '../../api/client.ts';
import { withProof } from '../../api/confirm.ts';
import { useFieldName } from '../../parts/FactText.tsx';
import { SIDE_NAMES } from '../../parts/facts.ts';
import { Notice } from '../../parts/Notice.tsx';
import { useReturnFocus } from '../../parts/return-focus.ts';
import { Able } from '../../parts/roles/Able.tsx';
import { maskedFields } from './masked.ts';

export function Reveal({ problem }: { problem: ProblemDetail }) {
  const { t } = useTranslation('reveal');
  const [open, setOpen] = useState(false);
  const fields = maskedFields(problem.facts);
  if (fields.length === 0) return null;
  return (
    <Able to="administer" where={{ sysCode: problem.sysCode }}>
      <Button variant="default" size="compact-sm" onClick={() => setOpen(true)}>
        {t('open')}
      </Button>
      {open && <Dialog problem={problem} fields={fields} onClose={() => setOpen(false)} />}
    </Able>
  );
}

type Values = RouteResponse<'revealProblem'>['values'];

interface DialogProps {
  readonly problem: ProblemDetail;
  readonly fields: readonly string[];
  readonly onClose: () => void;
}

function Dialog({ problem, fields, onClose }: DialogProps) {
  const { t } = useTranslation('reveal');
  const { t: common } = useTranslation();
  useReturnFocus();
  const [values, setValues] = useState<Values | null>(null);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('title', { order: problem.businessKey })}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
      closeOnClickOutside={false}
      centered
    >
      {values === null ? (
        <Question problem={problem} fields={fields} onClose={onClose} onShown={setValues} />
      ) : (
        <Shown values={values} onClose={onClose} />
      )}
    </Modal>
  );
}

function Question({
  problem,
  fields,
  onClose,
  onShown,
}: DialogProps & { onShown: (values: Values) => void }) {
  const { t } = useTranslation('reveal');
  const { t: common } = useTranslation();
  const nameOf = useNameOf();
  const [chosen, setChosen] = useState<string[]>([]);
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const said = reason.trim();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (busy || said === '' || chosen.length === 0) return;
    setBusy(true);
    setError(null);
    try {
      // Not by the cache of acts: what it answers must be forgotten with the dialog.
      const answer = await withProof(() =>
        api.revealProblem({ params: { id: problem.id }, body: { fields: chosen, reason: said } }),
      );
      onShown(answer.values);
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack gap="md">
        <Text size="sm">{t('lead', { system: problem.sysCode })}</Text>
        <Checkbox.Group
          label={t('fields')}
          required
          value={chosen}
          onChange={setChosen}
          error={tried && chosen.length === 0 ? t('fieldsNeeded') : undefined}
        >
          <Stack gap="xs" mt="xs">
            {fields.map((field, index) => (
              <Checkbox
                key={field}
                value={field}
                label={<bdi>{nameOf(field)}</bdi>}
                {...(index === 0 ? { 'data-autofocus': true } : {})}
              />
            ))}
          </Stack>
        </Checkbox.Group>
        <Textarea
          label={common('reason')}
          description={common('reasonHint')}
          required
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          error={tried && said === '' ? common('reasonNeeded') : undefined}
          maxLength={LIMITS.reasonLength}
          autosize={false}
          rows={3}
        />
        {error !== null && <Notice error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common('cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t('act', { count: chosen.length })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Shown({ values, onClose }: { values: Values; onClose: () => void }) {
  const { t } = useTranslation('reveal');
  const nameOf = useNameOf();
  return (
    <Stack gap="md">
      <dl className="reveal-values" aria-live="polite">
        {values.map(({ field, value }) => (
          <div key={field}>
            <dt>{nameOf(field)}</dt>
            <dd>
              <bdi>{value ?? t('nothing')}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      <Text size="sm" c="dimmed">
        {t('shown')}
      </Text>
      <Group justify="flex-end">
        <Button onClick={onClose} data-autofocus>
          {t('close')}
        </Button>
      </Group>
    </Stack>
  );
}

/** @returns a function that names `side.field` in words. */
function useNameOf(): (field: string) => string {
  const { t: words } = useTranslation('words');
  const fieldName = useFieldName();
  return (field) => {
    const side = SIDE_NAMES.find((each) => field.startsWith(`${each}.`));
    return side === undefined
      ? field
      : `${words(`side.${side}`)} · ${fieldName(field.slice(side.length + 1))}`;
  };
}
