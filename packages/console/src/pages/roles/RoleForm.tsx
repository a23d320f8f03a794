/** Making a role and changing one. What was typed stays where the server refuses it. */
import { Button, Checkbox, Group, Modal, Stack, TextInput } from '@mantine/core';
import { type Verb, VERBS } from '@piculus/protocol';
import { type ApiError, type Role, roleNameSchema } from '@piculus/protocol/http';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { fieldErrors, saysMoreThanFields } from '../../parts/form.ts';
import { Notice } from '../../parts/Notice.tsx';
import { useReturnFocus } from '../../parts/return-focus.ts';
import { useRoleName } from '../../parts/roles/role-words.ts';

const FIELDS = ['name', 'description', 'verbs'] as const;
type Wrong = Partial<Record<(typeof FIELDS)[number], string>>;

export interface RoleFormProps {
  /** Null: a new one. */
  readonly role: Role | null;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

export function RoleForm({ role, onClose, onChanged }: RoleFormProps) {
  const { t } = useTranslation('roles');
  const { t: common } = useTranslation();
  const roleName = useRoleName();
  useReturnFocus();
  const [name, setName] = useState(role?.name ?? '');
  const [description, setDescription] = useState(role?.description ?? '');
  const [verbs, setVerbs] = useState<ReadonlySet<Verb>>(new Set(role?.verbs ?? ['view']));
  const [wrong, setWrong] = useState<Wrong>({});
  const put = useAct('putRole');
  const told = useRefusal(put.error);
  const errors: Wrong = { ...told.fields, ...wrong };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const found: Wrong = {
      ...(roleNameSchema.safeParse(name).success ? {} : { name: t('nameBad') }),
      ...(verbs.size === 0 ? { verbs: t('verbsNeeded') } : {}),
    };
    setWrong(found);
    put.reset();
    if (Object.keys(found).length > 0) return;
    const body = { verbs: [...verbs], description: description.trim(), version: role?.version ?? 0 };
    const onSuccess = (): void => {
      onChanged();
      onClose();
    };
    put.mutate({ params: { name }, body }, { onSuccess });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      title={role === null ? t('createTitle') : t('editTitle', { name: roleName(role.name) })}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
    >
      <form onSubmit={submit} noValidate autoComplete="off">
        <Stack gap="md">
          {role === null && (
            <TextInput
              label={t('name')}
              description={t('nameHint')}
              required
              maxLength={24}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              error={errors.name}
              data-autofocus
            />
          )}
          <VerbFields verbs={verbs} onChange={setVerbs} error={errors.verbs} />
          <TextInput
            label={t('description')}
            maxLength={200}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
            error={errors.description}
          />
          {told.rest !== null && <Notice error={told.rest} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common('cancel')}
            </Button>
            <Button type="submit" loading={put.isPending}>
              {role === null ? t('createAct') : saveWords(t, role.people)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

const saveWords = (t: ReturnType<typeof useTranslation<'roles'>>['t'], people: number): string =>
  people === 0 ? t('saveAct') : t('saveActPeople', { count: people });

interface VerbFieldsProps {
  readonly verbs: ReadonlySet<Verb>;
  readonly onChange: (verbs: ReadonlySet<Verb>) => void;
  readonly error: string | undefined;
}

/** Whoever may do something has to see what it is done to. */
function VerbFields({ verbs, onChange, error }: VerbFieldsProps) {
  const { t } = useTranslation('roles');
  const toggle = (verb: Verb, on: boolean): void => {
    const next = new Set(verbs);
    if (on) next.add(verb).add('view');
    else if (verb === 'view') next.clear();
    else next.delete(verb);
    onChange(next);
  };
  return (
    <Checkbox.Group
      label={t('verbs')}
      description={t('viewNeeded')}
      error={error}
      value={[...verbs]}
      onChange={() => {}}
    >
      <Stack gap="xs" mt="xs">
        {VERBS.map((verb) => (
          <Checkbox
            key={verb}
            value={verb}
            label={t(`verb.${verb}`)}
            description={t(`verbHint.${verb}`)}
            onChange={(event) => toggle(verb, event.currentTarget.checked)}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

/** @returns what is said at the fields, and what is left for a notice. */
function useRefusal(error: ApiError | null): { fields: Wrong; rest: ApiError | null } {
  const { t } = useTranslation('roles');
  if (error === null) return { fields: {}, rest: null };
  if (error.code === 'already-exists') return { fields: { name: t('taken') }, rest: null };
  if (error.code === 'wrong-state' && error.fields.length === 0)
    return { fields: { verbs: t('changedMeanwhile') }, rest: null };
  return { fields: fieldErrors(error, FIELDS), rest: saysMoreThanFields(error, FIELDS) ? error : null };
}
