/** Registering a system and changing one. What was typed stays where the server refuses it. */
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Notice } from '../../parts/Notice.tsx';
import { useReturnFocus } from '../../parts/return-focus.ts';
import { ScheduleFields, WindowFields } from './SystemFields.tsx';
import { type SystemFormActs, useSystemForm } from './use-system-form.ts';

export function SystemForm(props: SystemFormActs) {
  const { t } = useTranslation('systems');
  const { t: common } = useTranslation();
  useReturnFocus();
  const form = useSystemForm(props);
  const { system, onClose } = props;
  const { typed, set, errors } = form;
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      size="lg"
      title={system === null ? t('createTitle') : t('editTitle', { sysCode: system.sysCode })}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
    >
      <form onSubmit={form.submit} noValidate>
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
              error={errors.sysCode}
              data-autofocus
            />
          )}
          <TextInput
            label={t('name')}
            required
            maxLength={128}
            value={typed.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
            error={errors.name}
            data-autofocus={system !== null}
          />
          <ScheduleFields form={form} />
          <WindowFields form={form} />
          {form.rest !== null && <Notice error={form.rest} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common('cancel')}
            </Button>
            <Button type="submit" loading={form.busy}>
              {system === null ? t('create') : t('save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
