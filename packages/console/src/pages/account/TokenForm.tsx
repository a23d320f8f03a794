/** Making a token: what for, what it may do, where, for how long. Only what the person may do is offered. */
import { Button, Checkbox, Group, Modal, NativeSelect, Radio, Stack, TextInput } from '@mantine/core';
import { TOKEN_VERBS } from '@piculus/protocol';
import type { ApiError } from '@piculus/protocol/http';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asApiError } from '../../api/client.ts';
import { withProof } from '../../api/confirm.ts';
import { useRead } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { fieldErrors, saysMoreThanFields } from '../../parts/form.ts';
import { Notice } from '../../parts/Notice.tsx';
import { useReturnFocus } from '../../parts/return-focus.ts';

const FIELDS = ['name', 'verbs', 'sysCodes', 'days'] as const;
type Field = (typeof FIELDS)[number];
const DAYS = [7, 30, 90, 180, 365];

export interface TokenFormProps {
  readonly onClose: () => void;
  readonly onCreated: (name: string, secret: string) => void;
}

export function TokenForm({ onClose, onCreated }: TokenFormProps) {
  const { t } = useTranslation('tokens');
  const { t: common } = useTranslation();
  useReturnFocus();
  const [name, setName] = useState('');
  const [verbs, setVerbs] = useState<string[]>(['view']);
  const [everywhere, setEverywhere] = useState(true);
  const [sysCodes, setSysCodes] = useState<string[]>([]);
  const [days, setDays] = useState('90');
  const [wrong, setWrong] = useState<Partial<Record<Field, string>>>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const errors: Partial<Record<Field, string>> = { ...fieldErrors(error, FIELDS), ...wrong };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const given = name.trim();
    const found: Partial<Record<Field, string>> = {
      ...(given === '' ? { name: t('nameNeeded') } : {}),
      ...(verbs.length === 0 ? { verbs: t('verbsNeeded') } : {}),
      ...(!everywhere && sysCodes.length === 0 ? { sysCodes: t('systemsNeeded') } : {}),
    };
    setWrong(found);
    setError(null);
    if (busy || Object.keys(found).length > 0) return;
    setBusy(true);
    const body = {
      name: given,
      verbs: TOKEN_VERBS.filter((verb) => verbs.includes(verb)),
      sysCodes: everywhere ? null : sysCodes,
      days: Number(days),
    };
    try {
      // Not by the cache of acts: the secret must be forgotten with the dialog that shows it.
      const { token } = await withProof(() => api.createToken({ body }));
      onCreated(given, token);
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      title={t('createTitle')}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
    >
      <form onSubmit={(event) => void submit(event)} noValidate autoComplete="off">
        <Stack gap="md">
          <TextInput
            label={t('name')}
            description={t('nameHint')}
            required
            maxLength={64}
            value={name}
            onChange={(event) => {
              setName(event.currentTarget.value);
              setWrong({});
            }}
            error={errors.name}
            data-autofocus
          />
          <Verbs chosen={verbs} onChange={setVerbs} error={errors.verbs} />
          <Systems
            everywhere={everywhere}
            onEverywhere={setEverywhere}
            chosen={sysCodes}
            onChange={setSysCodes}
            error={errors.sysCodes}
          />
          <NativeSelect
            label={t('days')}
            value={days}
            onChange={(event) => setDays(event.currentTarget.value)}
            data={DAYS.map((count) => ({ value: String(count), label: t('daysOption', { count }) }))}
            error={errors.days}
          />
          {error !== null && saysMoreThanFields(error, FIELDS) && <Notice error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common('cancel')}
            </Button>
            <Button type="submit" loading={busy}>
              {t('createAct')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface ChoiceProps {
  readonly chosen: string[];
  readonly onChange: (chosen: string[]) => void;
  readonly error: string | undefined;
}

function Verbs({ chosen, onChange, error }: ChoiceProps) {
  const { t } = useTranslation('tokens');
  const { t: roles } = useTranslation('roles');
  const { mayAnywhere } = useMay();
  return (
    <Checkbox.Group label={t('verbs')} required value={chosen} onChange={onChange} error={error}>
      <Stack gap="xs" mt="xs">
        {TOKEN_VERBS.filter(mayAnywhere).map((verb) => (
          <Checkbox
            key={verb}
            value={verb}
            label={roles(`verb.${verb}`)}
            description={roles(`verbHint.${verb}`)}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

interface SystemsProps extends ChoiceProps {
  readonly everywhere: boolean;
  readonly onEverywhere: (everywhere: boolean) => void;
}

function Systems({ everywhere, onEverywhere, chosen, onChange, error }: SystemsProps) {
  const { t } = useTranslation('tokens');
  const systems = useRead('listSystems').data?.items ?? [];
  return (
    <>
      <Radio.Group
        label={t('systems')}
        value={everywhere ? 'all' : 'some'}
        onChange={(value) => onEverywhere(value === 'all')}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="all" label={t('systemsAll')} />
          <Radio value="some" label={t('systemsSome')} />
        </Stack>
      </Radio.Group>
      {!everywhere && (
        <Checkbox.Group aria-label={t('systemsSome')} value={chosen} onChange={onChange} error={error}>
          <Stack gap="xs">
            {systems.map(({ sysCode, name }) => (
              <Checkbox key={sysCode} value={sysCode} label={<bdi>{`${sysCode} · ${name}`}</bdi>} />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
    </>
  );
}
