/** A list's filters under a name: the own ones and those that others share. */
import { Button, Checkbox, CloseButton, Group, Modal, Popover, Stack, Text, TextInput } from '@mantine/core';
import type { ApiError, VIEW_PAGES, View } from '@piculus/protocol/http';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useAct } from '../api/acts.ts';
import { asApiError } from '../api/client.ts';
import { useRead } from '../api/queries.ts';
import { useSession } from '../app/session.tsx';
import { fieldErrors, saysMoreThanFields } from './form.ts';
import { Notice } from './Notice.tsx';
import './SavedViews.css';
import { viewQuery } from './view-query.ts';

type ViewPage = (typeof VIEW_PAGES)[number];

export function SavedViews({ page }: { page: ViewPage }) {
  const { t } = useTranslation('problems');
  const [params] = useSearchParams();
  const [opened, setOpened] = useState(false);
  const [saving, setSaving] = useState(false);
  const query = viewQuery(params);
  return (
    <>
      <Popover opened={opened} onChange={setOpened} position="bottom-start" width={320} trapFocus returnFocus>
        <Popover.Target>
          <Button variant="default" size="xs" onClick={() => setOpened(!opened)}>
            {t('views')}
          </Button>
        </Popover.Target>
        <Popover.Dropdown aria-label={t('views')} className="views">
          <Views page={page} query={query} onDone={() => setOpened(false)} />
          <Button
            size="xs"
            fullWidth
            mt="sm"
            disabled={query === ''}
            onClick={() => {
              setOpened(false);
              setSaving(true);
            }}
          >
            {t('saveView')}
          </Button>
          {query === '' && (
            <Text size="xs" c="dimmed" mt={4}>
              {t('nothingToSave')}
            </Text>
          )}
        </Popover.Dropdown>
      </Popover>
      {saving && <SaveView page={page} query={query} onClose={() => setSaving(false)} />}
    </>
  );
}

function Views({ page, query, onDone }: { page: ViewPage; query: string; onDone: () => void }) {
  const { t } = useTranslation('problems');
  const { user } = useSession();
  const read = useRead('listViews', { query: { page } });
  const list = useRef<HTMLUListElement>(null);
  const remove = useRemove();
  const views = read.data?.items;
  if (read.error !== null) return <Notice error={read.error} onRetry={() => void read.refetch()} />;
  if (views === undefined) return null;
  if (views.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {t('noViews')}
      </Text>
    );
  return (
    <>
      {remove.error !== null && <Notice error={remove.error} />}
      <ul className="views-list" ref={list} tabIndex={-1}>
        {views.map((view) => (
          <li key={view.id}>
            <Link
              to={`?${view.query}`}
              onClick={onDone}
              className="views-link"
              aria-current={view.query === query ? 'true' : undefined}
            >
              <span className="views-name">{view.name}</span>
              {view.shared && (
                <span className="second-line">
                  {view.createdBy === user.username
                    ? t('sharedByYou')
                    : t('sharedBy', { who: view.createdBy })}
                </span>
              )}
            </Link>
            {view.createdBy === user.username && (
              <CloseButton
                size="sm"
                aria-label={t('deleteView', { name: view.name })}
                onClick={() => {
                  // The button goes with its row; the list is where the person was.
                  void remove.of(view).then(() => list.current?.focus());
                }}
              />
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

function useRemove(): { of: (view: View) => Promise<void>; error: ApiError | null } {
  const queries = useQueryClient();
  const act = useAct('deleteView');
  return {
    error: act.error,
    of: async ({ id }) => {
      await act.mutateAsync({ params: { id } }).catch(() => {});
      await queries.invalidateQueries({ queryKey: ['listViews'] });
    },
  };
}

function SaveView({ page, query, onClose }: { page: ViewPage; query: string; onClose: () => void }) {
  const { t } = useTranslation('problems');
  const { t: common } = useTranslation();
  const queries = useQueryClient();
  const act = useAct('createView');
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    try {
      await act.mutateAsync({ body: { page, name: name.trim(), query, shared } });
    } catch (thrown) {
      setError(asApiError(thrown));
      return;
    }
    await queries.invalidateQueries({ queryKey: ['listViews'] });
    onClose();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('saveView')}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
    >
      <form onSubmit={(event) => void save(event)} noValidate>
        <Stack gap="md">
          <TextInput
            label={t('viewName')}
            description={t('viewNameHint')}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={fieldErrors(error, ['name']).name}
            maxLength={64}
            required
            data-autofocus
          />
          <Checkbox
            label={t('shareView')}
            checked={shared}
            onChange={(event) => setShared(event.currentTarget.checked)}
          />
          {error !== null && saysMoreThanFields(error, ['name']) && <Notice error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common('cancel')}
            </Button>
            <Button type="submit" loading={act.isPending} disabled={name.trim() === ''}>
              {common('save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
