/** Creating a user, with a password that is typed here or made by the page. */
import { Button, Group, Modal, PasswordInput, Radio, Stack, TextInput } from '@mantine/core';
import type { RoleGrant } from '@piculus/protocol/http';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { fieldErrors, saysMoreThanFields } from '../../parts/form.ts';
import { Notice } from '../../parts/Notice.tsx';
import { useReturnFocus } from '../../parts/return-focus.ts';
import { GrantFields } from './GrantFields.tsx';
import { makePassword, PASSWORD_LENGTH_MIN } from './password.ts';

const FIELDS = ['username', 'name', 'password', 'grants'] as const;
type Field = (typeof FIELDS)[number];

export interface UserFormProps {
  readonly onClose: () => void;
  /** With the password that the page made; null where it was typed. */
  readonly onCreated: (username: string, password: string | null) => void;
}

export function UserForm({ onClose, onCreated }: UserFormProps) {
  const { t } = useTranslation('users');
  const { t: common } = useTranslation();
  useReturnFocus();
  const [username, setUsername] = useState('');
  const [name, setName] = useState('');
  const [typed, setTyped] = useState('');
  const [grants, setGrants] = useState<readonly RoleGrant[]>([]);
  const [made, setMade] = useState(true);
  // Made once: whoever clicks again because no answer came must name the same password, or it would be lost.
  const [madePassword] = useState(() => makePassword((bytes) => crypto.getRandomValues(bytes)));
  const [wrong, setWrong] = useState<Partial<Record<Field, string>>>({});
  const create = useAct('createUser');
  const check = useCheck();
  const taken = create.error?.code === 'already-exists';
  const errors: Partial<Record<Field, string>> = {
    ...fieldErrors(create.error, FIELDS),
    ...(taken ? { username: t('taken') } : {}),
    ...wrong,
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const found = check({ username, name, password: made ? null : typed });
    setWrong(found);
    create.reset();
    if (Object.keys(found).length > 0) return;
    const password = made ? madePassword : typed;
    create.mutate(
      { body: { username, name: name.trim(), password, grants: [...grants] } },
      { onSuccess: () => onCreated(username, made ? password : null) },
    );
  };
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      title={t('createTitle')}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
    >
      <form onSubmit={submit} noValidate autoComplete="off">
        <Stack gap="md">
          <TextInput
            label={t('username')}
            description={t('usernameHint')}
            required
            maxLength={32}
            autoComplete="off"
            spellCheck={false}
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
            error={errors.username}
            data-autofocus
          />
          <TextInput
            label={t('name')}
            required
            maxLength={128}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={errors.name}
          />
          <PasswordFields
            made={made}
            onMade={setMade}
            typed={typed}
            onTyped={setTyped}
            error={errors.password}
          />
          <GrantFields grants={grants} onChange={setGrants} error={errors.grants} />
          {create.error !== null && !taken && saysMoreThanFields(create.error, FIELDS) && (
            <Notice error={create.error} />
          )}
          <Buttons busy={create.isPending} onClose={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}

function Buttons({ busy, onClose }: { busy: boolean; onClose: () => void }) {
  const { t } = useTranslation('users');
  const { t: common } = useTranslation();
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={onClose}>
        {common('cancel')}
      </Button>
      <Button type="submit" loading={busy}>
        {t('act')}
      </Button>
    </Group>
  );
}

interface Typed {
  readonly username: string;
  readonly name: string;
  /** Null where the page makes it. */
  readonly password: string | null;
}

/** @returns what the page can tell by itself; the server decides again. */
function useCheck(): (typed: Typed) => Partial<Record<Field, string>> {
  const { t } = useTranslation('users');
  return ({ username, name, password }) => ({
    ...(/^[a-z0-9._-]{3,32}$/.test(username) ? {} : { username: t('usernameBad') }),
    ...(name.trim() === '' ? { name: t('nameNeeded') } : {}),
    ...(password !== null && password.length < PASSWORD_LENGTH_MIN ? { password: t('passwordShort') } : {}),
  });
}

interface PasswordFieldsProps {
  /** By the page, not typed. */
  readonly made: boolean;
  readonly onMade: (made: boolean) => void;
  readonly typed: string;
  readonly onTyped: (typed: string) => void;
  readonly error: string | undefined;
}

function PasswordFields({ made, onMade, typed, onTyped, error }: PasswordFieldsProps) {
  const { t } = useTranslation('users');
  return (
    <>
      <Radio.Group
        label={t('passwordHow')}
        value={made ? 'made' : 'typed'}
        onChange={(value) => onMade(value === 'made')}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="made" label={t('passwordMade')} />
          <Radio value="typed" label={t('passwordTyped')} />
        </Stack>
      </Radio.Group>
      {!made && (
        <PasswordInput
          label={t('password')}
          description={t('passwordHint')}
          required
          maxLength={128}
          autoComplete="new-password"
          value={typed}
          onChange={(event) => onTyped(event.currentTarget.value)}
          error={error}
          // The library marks its frame, not the field itself.
          aria-invalid={error !== undefined}
        />
      )}
    </>
  );
}
