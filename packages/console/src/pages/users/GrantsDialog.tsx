/** Changing which roles somebody holds. What was chosen stays where the server refuses it. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { ApiError, GrantedUser, RoleGrant } from '@piculus/protocol/http';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { fieldErrors, saysMoreThanFields } from '../../parts/form.ts';
import { Notice } from '../../parts/Notice.tsx';
import { useReturnFocus } from '../../parts/return-focus.ts';
import { GrantFields } from './GrantFields.tsx';

export interface GrantsDialogProps {
  readonly user: GrantedUser;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

export function GrantsDialog({ user, onClose, onChanged }: GrantsDialogProps) {
  const { t } = useTranslation('roles');
  const { t: common } = useTranslation();
  useReturnFocus();
  const [grants, setGrants] = useState<readonly RoleGrant[]>(user.grants);
  const change = useAct('setUserGrants');
  const error = useRefusal(change.error);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    change.mutate(
      // What this form began with: another change meanwhile must not be undone without a word.
      { params: { id: user.id }, body: { before: user.grants, grants: [...grants] } },
      {
        onSuccess: () => {
          onChanged();
          onClose();
        },
      },
    );
  };
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      title={t('changeTitle', { username: user.username })}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          <Text size="sm">{t('changeLead')}</Text>
          <GrantFields grants={grants} onChange={setGrants} error={error.field} />
          {error.rest !== null && <Notice error={error.rest} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common('cancel')}
            </Button>
            <Button type="submit" loading={change.isPending}>
              {t('changeAct')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** @returns what is said at the field, and what is left for a notice. */
function useRefusal(error: ApiError | null): { field: string | undefined; rest: ApiError | null } {
  const { t } = useTranslation('roles');
  if (error === null) return { field: undefined, rest: null };
  const { grants } = fieldErrors(error, ['grants']);
  if (grants !== undefined)
    return { field: grants, rest: saysMoreThanFields(error, ['grants']) ? error : null };
  if (error.code === 'wrong-state') return { field: t('grantsChangedMeanwhile'), rest: null };
  return { field: undefined, rest: error };
}
