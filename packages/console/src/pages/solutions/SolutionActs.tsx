/** What can be done to one solution from the list; each act shows first what it would do to open problems. */
import { Button, Menu, Text } from '@mantine/core';
import type { Solution } from '@piculus/protocol/http';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useAct } from '../../api/acts.ts';
import { useMay } from '../../app/session.tsx';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { useCheck } from './check.ts';
import { inputOf, valuesOf } from './fields.ts';
import { Impact, useActWords } from './Impact.tsx';

export type Act = 'disable' | 'enable' | 'remove';

export function ActsMenu({ of, onAct }: { of: Solution; onAct: (act: Act) => void }) {
  const { t } = useTranslation('solutions');
  const { may } = useMay();
  if (!may('configure', of.sysCode)) return null;
  const toggle = of.status === 'enabled' ? 'disable' : 'enable';
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="default"
          aria-label={t('actionsFor', { name: `${of.sysCode} ${of.fixCode}` })}
        >
          ⋯
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to={`/solutions/${of.id}`}>
          {t('edit')}
        </Menu.Item>
        <Menu.Item component={Link} to={`/solutions/new?from=${of.id}`}>
          {t('duplicate')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => onAct(toggle)}>{t(toggle)}</Menu.Item>
        <Menu.Item color="red" onClick={() => onAct('remove')}>
          {t('remove')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export interface ActDialogProps {
  readonly of: Solution;
  readonly act: Act;
  readonly onClose: () => void;
  readonly onDone?: () => void;
}

export function ActDialog({ of, act, onClose, onDone }: ActDialogProps) {
  const { t } = useTranslation('solutions');
  const [subject] = useState(of);
  const change = useAct('changeSolution', ['solutions', 'problems']);
  const remove = useAct('deleteSolution', ['solutions', 'problems']);
  // A deleted solution holds its problems back as a disabled one does.
  const status = act === 'enable' ? 'enabled' : 'disabled';
  const input = useMemo(() => inputOf({ ...valuesOf(subject), status }), [subject, status]);
  const check = useCheck(input);
  const actWords = useActWords();
  const params = { id: subject.id };
  const name = `${subject.sysCode} · ${subject.fixCode}`;
  const words = {
    disable: { title: t('disableTitle', { name }), what: t('disableWhat'), act: t('disableAct') },
    enable: { title: t('enableTitle', { name }), what: t('enableWhat'), act: t('enableAct') },
    remove: { title: t('removeTitle', { name }), what: t('removeWhat'), act: t('removeAct') },
  }[act];
  const impact = check.data?.impact;
  const confirm = async (): Promise<void> => {
    if (act === 'remove') await remove.mutateAsync({ params });
    else await change.mutateAsync({ params, body: { status, expectedVersion: subject.version } });
    onDone?.();
  };
  return (
    <ConfirmAct
      title={words.title}
      act={actWords(words.act, impact)}
      color={act === 'enable' ? 'indigo' : 'red'}
      reason="none"
      unknown={check.isPending}
      command={
        act === 'remove'
          ? { kind: 'delete-solution', id: subject.id }
          : { kind: 'change-solution', id: subject.id, change: { status, expectedVersion: subject.version } }
      }
      onConfirm={confirm}
      onClose={onClose}
    >
      <Text>{words.what}</Text>
      <section aria-live="polite">
        {check.isPending && <Loading />}
        {check.error !== null && <Notice error={check.error} />}
        {impact !== undefined && (
          <Impact of={act === 'remove' ? { ...impact, waitReasonThen: 'no-solution' } : impact} />
        )}
      </section>
    </ConfirmAct>
  );
}
